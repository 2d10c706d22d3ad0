import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from conftest import sentences
from valence.cli import main
from valence.runner import load
from valence.serve.server import NEEDED
from valence.store import RunStore

SECRET = "The neighbour's review that nobody may read in a log"


@pytest.fixture
def run(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "tfidf_linear", "--data", str(reviews_csv), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["id"]


@pytest.fixture
def extra():
    for name in NEEDED:
        pytest.importorskip(name, reason="serving: pip install 'valence[serve]'")


@pytest.fixture
def server(run, extra, tmp_path):
    """A real process that listens, and its address; ended whatever the test does."""
    new_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if sys.platform == "win32" else {}
    with (tmp_path / "err.txt").open("wb") as errors:
        words = [sys.executable, "-m", "valence", "serve", run, "--port", "0", "--max-texts", "8"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8", **new_group)
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    address = process.stdout.readline().split()[0]
    while (line := process.stdout.readline()) and not line.startswith("Ready"):
        pass
    yield process, address
    watchdog.cancel()
    process.kill()
    process.wait()
    process.stdout.close()


def post(address, texts):
    body = json.dumps({"texts": texts}).encode()
    request = urllib.request.Request(f"{address}/v1/predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


def test_a_real_server_answers_many_users_at_once_like_predict_and_ends_cleanly(run, server, tmp_path):
    process, address = server
    asked = [[f"{SECRET}. {text}" for text in sentences(1 + i % 5, seed=i)[0]] for i in range(30)]
    with ThreadPoolExecutor(10) as users:
        found = list(users.map(lambda texts: post(address, texts), asked))
    classifier, _ = load(run, RunStore("runs"))
    for texts, said in zip(asked, found, strict=True):
        p = np.array([list(each["probabilities"].values()) for each in said["predictions"]], dtype=np.float32)
        np.testing.assert_array_equal(p, classifier.predict(texts).probabilities)
    with pytest.raises(urllib.error.HTTPError, match="422") as refused:
        post(address, [SECRET] * 9)
    refused.value.close()
    if sys.platform == "win32":
        pytest.skip("no SIGINT can be sent to one process here; answers were checked")
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(30) == 0
    assert "every request that had arrived was answered" in rest
    assert SECRET not in rest + (tmp_path / "err.txt").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM there")
def test_a_container_s_stop_ends_as_ctrl_c_does(server):
    process, _ = server
    os.kill(process.pid, signal.SIGTERM)
    assert "answered" in process.stdout.read()
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nothing"], "No run 'nothing'"),
        (["tfidf", "--port", "70000"], "--port 70000 cannot be"),
        (["tfidf", "--host", "192.0.2.1"], "192.0.2.1 port 8000 cannot be listened at"),
        (["tfidf", "--max-batch", "0"], "--max-batch 0 cannot be: input should be greater than 0"),
        (["tfidf", "--max-batch", "many"], "--max-batch 'many' cannot be read: it takes a whole number"),
        (["tfidf", "--max-btch", "3"], "Did you mean 'max-batch'?"),
        (["tfidf", "--calibrated"], "Make it: valence calibrate tfidf"),
        (["tfidf", "--port", "0", "--device", "gpu"], "No device 'gpu'"),
        ([], "valence serve needs RUN"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(run, extra, words, expected, capsys):
    assert main(["serve", *words]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1


def test_a_run_without_a_model_is_one_line_and_exit_code_2(run, extra, tmp_path, capsys):
    shutil.rmtree(tmp_path / "runs" / run / "model")
    assert main(["serve", run, "--port", "0"]) == 2
    said = capsys.readouterr().err
    assert "holds predictions but no model" in said
    assert said.count("\n") == 1


def test_without_the_extra_nothing_is_read_and_its_name_is_said(run, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["serve", run]) == 2
    assert capsys.readouterr().err == (
        "valence: valence serve needs the package 'fastapi'. Install it with: pip install 'valence[serve]'\n"
    )

"""Several processes train one run: the same weights as one process alone, one record, one line where it cannot be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from conftest import tiny_encoder
from valence.errors import BadSetting
from valence.store import RunStore
from valence.training.parallel import Crew

TESTS = Path(__file__).parents[1]
TOGETHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or sys.platform == "win32", reason="torch.distributed with a launcher on one machine is needed"
)


def environment(**more):
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": "", **more}


def launch(command, folder):
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    folders = [tmp_path_factory.mktemp(name) for name in ("alone", "together")]
    backbone = str(tiny_encoder("tiny-bert"))  # here: of several processes only the first saves a pretrained model
    for folder, words in zip(folders, ([sys.executable], TOGETHER), strict=True):
        done = launch([*words, str(TESTS / "trainings_together.py"), str(folder), backbone], folder)
        assert done.returncode == 0, done.stderr[-3000:]
    return [{p.stem: load_file(p) for p in folder.glob("*.safetensors")} for folder in folders]


@pytest.mark.parametrize("training", ["cross_entropy", "weighted", "one_text", "r_drop", "resumed"])
def test_two_processes_end_with_the_weights_of_one(learned, training):
    alone, together = (found[training] for found in learned)
    assert set(alone) == set(together)
    for name, weight in alone.items():
        torch.testing.assert_close(weight, together[name], atol=1e-5, rtol=0, msg=f"{training}: {name}")


def test_what_was_stopped_resumes_to_the_weights_of_an_uninterrupted_training(learned):
    for found in learned:
        for name, weight in found["cross_entropy"].items():
            torch.testing.assert_close(weight, found["resumed"][name], atol=1e-6, rtol=0, msg=name)


def valence(folder, *words):
    done = launch([*TOGETHER, "-m", "valence", *words], folder)
    return done.returncode, done.stdout, [line for line in done.stderr.splitlines() if line.startswith("valence: ")]


@pytest.fixture
def data(reviews_csv):
    return str(reviews_csv)


def test_one_run_is_written_and_said_once_and_a_finished_one_is_shown(tmp_path, data):
    words = ("run", "lstm", "--data", data, "--epochs", "1", "--store", "runs", "--json")
    first, second = (valence(tmp_path, *words) for _ in range(2))
    assert (first[0], second[0]) == (0, 0)
    assert first[1] == second[1]
    record = json.loads(first[1])
    assert record["provenance"]["device"].startswith("2 x CPU")
    assert [p.name for p in (tmp_path / "runs").iterdir() if p.name.startswith("lstm--")] == [record["id"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nb_svm"), "nb_svm works in one process, and 2 were started"),
        (("run", "lstm", "--engine", "trainer"), "engine = trainer trains in one process"),
        (("run", "lstm", "--learning-rate", "1e30"), "failed: Training stopped at step"),
    ],
)
def test_what_cannot_be_is_one_line_said_once_and_no_process_waits(tmp_path, data, words, said):
    code, _, lines = valence(tmp_path, *words, "--data", data, "--store", "runs")
    assert code != 0
    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="which process is which is read from /proc")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_one_that_is_killed_ends_the_others_and_ctrl_c_ends_all_with_the_run_interrupted(tmp_path, data, sent):
    words = ("run", "lstm", "--data", data, "--epochs", "2000", "--store", "runs")
    with (tmp_path / "said").open("w") as said:
        whole = subprocess.Popen([*TOGETHER, "-m", "valence", *words], cwd=tmp_path, env=environment(), stdout=said, stderr=said)
    try:
        deadline = time.monotonic() + 120
        while not any(tmp_path.rglob("history.jsonl")) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert any(tmp_path.rglob("history.jsonl")), "no training began"
        started = {("RANK=0" not in environ): pid for pid, environ in children(whole.pid)}
        assert set(started) == {False, True}
        if sent == signal.SIGKILL:
            os.kill(started[True], sent)
        else:  # a terminal's Ctrl-C reaches all
            for pid in (*started.values(), whole.pid):
                os.kill(pid, sent)
        assert whole.wait(timeout=120) != 0
    finally:
        whole.kill()
        whole.wait()
    assert not any(Path(f"/proc/{pid}").exists() for pid in started.values())
    assert [RunStore(tmp_path / "runs").find(run).status for run in RunStore(tmp_path / "runs").ids()] == ["interrupted"]
    assert "Traceback" not in [line for line in (tmp_path / "said").read_text().splitlines() if "valence" in line]


def children(parent):
    """Return (process, its environment's entries) of what a process has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"\nPPid:\t{parent}\n" in (folder / "status").read_text():
                found.append((int(folder.name), (folder / "environ").read_text().split("\0")))
        except OSError:
            continue
    return found


def crew(rank, size, kind="cpu"):
    return Crew(None, rank, size, rank, kind)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 16])
def test_every_text_of_a_step_is_worked_on_by_one_process(n):
    rows = np.random.default_rng(0).permutation(n)
    shares = [crew(rank, 3).share(rows) for rank in range(3)]
    assert sorted(np.concatenate(shares)) == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_each_process_has_a_gpu_of_its_own_and_one_named_for_all_is_refused():
    assert [crew(rank, 2, "cuda").device("auto") for rank in range(2)] == ["cuda:0", "cuda:1"]
    assert crew(1, 2, "cuda").device("cpu") == crew(1, 2).device("auto") == "cpu"
    with pytest.raises(BadSetting, match="cuda:1 is one device, and 2 processes"):
        crew(0, 2, "cuda").device("cuda:1")

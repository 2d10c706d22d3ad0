"""A prompted model from settings to predictions, run as a user runs it: random weights, a chat server, a real llama.cpp."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from conftest import sentences
from valence.errors import BadSetting, UnknownName
from valence.experiment import experiment
from valence.methods.prompted import TINY, Prompted
from valence.runner import run
from valence.store import RunStore
from valence.types import Split, Task

LABELS = ("negative", "positive")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_CACHE", str(tmp_path / "cache"))


def split(n=24, seed=0):
    texts, labels = sentences(n, seed)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels, dtype=np.int64))


def fitted(seed=0, **settings):
    return Prompted(**{**TINY, **settings}).fit(split(), split(4, 9), Task(LABELS, seed, device="cpu"))


@pytest.mark.parametrize("way", ["score", "choice", "generate"])
def test_each_way_gives_its_own_kind_of_answer(way):
    found = fitted(answer=way).predict(split(6, 1).texts)
    assert (found.responses is None) == (way == "score")
    if way == "choice":
        assert set(found.responses) <= set(LABELS)
        assert set(found.probabilities.ravel().tolist()) == {0.0, 1.0}


def test_examples_come_from_train_alone_by_the_seed_and_survive_a_reload(tmp_path):
    classifier = fitted(shots=4)
    shots = {shot.review for shot in classifier.prompt.shots}
    assert len(shots) == 4
    assert shots <= {t[:64] for t in split().texts} | set(split().texts)
    assert shots != {shot.review for shot in fitted(shots=4, seed=5).prompt.shots}
    classifier.save(tmp_path)
    again = Prompted(**{**TINY, "shots": 4}).load(tmp_path, Task(LABELS, device="cpu"))
    assert again.prompt == classifier.prompt


def test_nearest_examples_are_the_review_s_own_and_survive_a_reload(tmp_path):
    settings = {**TINY, "shots": 2, "pick": "nearest"}
    classifier, texts = fitted(**settings), split(6, 1).texts
    prompts = [question.prompt for question in classifier._questions(texts)]
    assert len({prompt.shots for prompt in prompts}) > 1
    assert all(len(prompt.shots) == 2 for prompt in prompts)
    classifier.save(tmp_path)
    again = Prompted(**settings).load(tmp_path, Task(LABELS, device="cpu"))
    np.testing.assert_array_equal(again.predict(texts).probabilities, classifier.predict(texts).probabilities)


def test_calibration_changes_probabilities_and_keeps_them_whole():
    texts = split(6, 1).texts
    plain, calibrated = (fitted(calibrate=on).predict(texts).probabilities for on in (False, True))
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, atol=1e-6)
    assert np.abs(plain - calibrated).max() > 1e-3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": ""}, "No model is named"),
        ({"label_words": ("good",)}, "label_words must be 2 different words, for negative, positive; got: good"),
        ({"label_words": ("Good", "good")}, "2 different words"),
        ({"shots": 99}, "shots = 99, but there are 24 training texts"),
        ({"model": "no/such/folder"}, "No weights 'no/such/folder'"),
    ],
)
def test_a_wrong_setting_is_said_in_one_line(settings, message, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(BadSetting, match=message) as caught:
        fitted(**settings)
    assert "\n" not in str(caught.value)


def test_a_template_has_a_name_or_a_path(tmp_path):
    with pytest.raises(UnknownName, match=r"No template 'defualt'\. Did you mean 'default'"):
        fitted(template="defualt")
    path = tmp_path / "mine.jinja"
    path.write_text("{% block question %}{{ review }}{% endblock %}", encoding="utf-8")
    assert fitted(template=str(path), shots=0).prompt.plain("Fun.") == "Fun.\n"


def test_settings_that_exclude_each_other_are_refused():
    for settings in ({"calibrate": True, "answer": "choice"}, {"thinking": 5}):
        with pytest.raises(BadSetting, match="answer"):
            experiment("prompted", **settings)


def test_nothing_is_trained_and_all_numbers_are_counted():
    size = fitted().size
    assert size.trainable == 0
    assert size.total > 10_000


def test_six_models_of_the_document_are_presets_and_a_sweep():
    from valence.experiment import preset_files
    from valence.sweep import read

    names = sorted(name for name in preset_files() if name.startswith("ollama_"))
    assert len(names) == 6
    found = read("ollama_sst2")
    assert sorted({e.preset for e in found}) == names
    assert {e.score_on for e in found} == {"dev", "test"}
    assert {e.method.backend for e in found} == {"server"}
    assert {e.method.model for e in found} == {"deepseek-r1:8b", "llama3.1:8b", "qwen3:8b", "gemma2:9b", "phi4-mini", "mistral:7b"}


def test_small_models_are_asked_in_every_way_and_calibrated_on_two_data_sets():
    from valence.sweep import read

    found = read("prompted_small")
    ways = [(e.method.answer, e.method.calibrate) for e in found]
    assert len(found) == 48
    assert all(ways.count(way) == 12 for way in (("score", False), ("choice", False), ("generate", False), ("score", True)))
    assert {(e.data, e.method.shots) for e in found} == {(data, shots) for data in ("sst2", "imdb_2000") for shots in (0, 8)}
    assert {e.method.backend for e in found} == {"transformers"}


class Ollama(BaseHTTPRequestHandler):
    """Two models that both know good words: one answers in a word, one talks where it reads `plot`, and fails each first try."""

    failed: set = set()

    def log_message(self, *args):
        """Say nothing."""

    def do_GET(self):
        self.reply(200, {"data": [{"id": "reader:1b"}, {"id": "talker:1b"}], "models": []})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        if body["model"] == "talker:1b" and text not in self.failed:
            self.failed.add(text)
            return self.reply(500, {})
        good = any(word in text for word in ("wonderful", "moving", "brilliant", "charming", "superb", "joy", "masterful", "funny"))
        talks = body["model"] == "talker:1b" and "plot" in text
        said = "Well, that depends" if talks else "Positive" if good else "Negative"
        return self.reply(200, {"choices": [{"message": {"content": said}}]})

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def ollama():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ollama)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_two_models_run_one_after_the_other_each_with_its_own_figures(ollama, reviews_csv, tmp_path):
    common = {"data": str(reviews_csv), "backend": "server", "base_url": ollama, "answer": "generate", "parallel": 8}
    first, second = (run(experiment("prompted", model=m, **common), RunStore(tmp_path / "runs")) for m in ("reader:1b", "talker:1b"))
    assert first.status == "ok"
    assert (first.metrics["accuracy"], first.metrics["valid_rate"], first.metrics["accuracy_valid"]) == (1.0, 1.0, 1.0)
    plots = sum("plot" in text for text in sentences(120)[0][80:])
    assert 0 < plots < 40
    assert (second.metrics["accuracy"], second.metrics["valid_rate"], second.metrics["accuracy_valid"]) == (
        1 - plots / 40,
        1 - plots / 40,
        1.0,
    )
    assert first.cost.trainable_parameters == 0


@pytest.mark.real
def test_smollm_answers_through_llama_cpp_as_a_user_runs_it(tmp_path, monkeypatch):
    home = os.environ.get("VALENCE_MODELS", "")
    if not home or not list((Path(home) / "SmolLM2-135M-Instruct").glob("*.gguf")):
        pytest.skip("real weights: set VALENCE_MODELS to a folder with SmolLM2-135M-Instruct/*.gguf")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    texts, labels = sentences(24)
    lines = [f'"{text}",{LABELS[label]},{"train" if i < 14 else "test"}' for i, (text, label) in enumerate(zip(texts, labels, strict=True))]
    path = tmp_path / "few.csv"
    path.write_text("\n".join(["text,label,split", *lines]), encoding="utf-8")
    record = run(experiment("prompted", model="SmolLM2-135M-Instruct", data=str(path)), RunStore(tmp_path / "runs"), device="cpu")
    assert record.status == "ok", record.error
    assert record.metrics["accuracy"] > 0.6
    assert record.backbone == "SmolLM2-135M-Instruct"
    assert (record.cost.trainable_parameters, record.cost.total_parameters) == (0, 134_515_008)

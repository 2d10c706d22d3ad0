"""Both engines: they agree, they resume, they keep the best epoch, they stop when the loss breaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from valence.errors import BadSetting, FailedRun
from valence.training import course as course_module
from valence.training.fitting import fit_network
from valence.training.losses import CrossEntropy, balanced_weights
from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.words import WordEmbedding, start_vectors
from valence.training.recipe import Recipe

ENGINES = ("packed", "trainer")


def recipe(engine, **changes):
    settings = {"epochs": 3, "batch_tokens": 100, "learning_rate": 0.02, "average_decay": 0.9}
    return Recipe(engine=engine, **{**settings, **changes})


@pytest.fixture
def build(words):
    def make():
        embedding = WordEmbedding(start_vectors(words.words, 8), word_dropout=0.2)
        return CnnNetwork(embedding, 2, filters=4, widths=(2, 3), dropout=0.3)

    return make


def same(first, second):
    other = second.state_dict()
    return all(torch.equal(v, other[k]) for k, v in first.state_dict().items())


def test_both_engines_end_with_the_same_weights(build, toy, task):
    packed, trainer = (fit_network(build, *toy, recipe(engine), task()) for engine in ENGINES)
    for name, weight in packed.state_dict().items():
        torch.testing.assert_close(weight, trainer.state_dict()[name], atol=1e-6, rtol=0, msg=name)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_seed_gives_the_same_weights_and_another_seed_does_not(build, toy, task, engine):
    first, second, third = (fit_network(build, *toy, recipe(engine, epochs=1), task(seed=s)) for s in (3, 3, 4))
    assert same(first, second)
    assert not same(first, third)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_generators_of_the_caller_are_left_alone(build, toy, task, engine):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    fit_network(build, *toy, recipe(engine, epochs=1), task())
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("every", [0.0, 1e9], ids=["every step", "every epoch"])
def test_a_stopped_training_resumes_to_the_weights_of_an_uninterrupted_one(build, toy, task, notes, tmp_path, monkeypatch, engine, every):
    monkeypatch.setattr(course_module, "CHECKPOINT_SECONDS", every)
    settings = recipe(engine)
    whole = fit_network(build, *toy, settings, task())
    with pytest.raises(KeyboardInterrupt):
        fit_network(build, *toy, settings, task(notes(tmp_path, stop_at=9)))
    journal = notes(tmp_path)
    resumed = fit_network(build, *toy, settings, task(journal))
    assert journal.bar[0][0] > 1, "it began anew"
    assert same(whole, resumed)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_finished_training_is_not_done_again(build, toy, task, notes, tmp_path, engine):
    first = fit_network(build, *toy, recipe(engine), task(notes(tmp_path)))
    journal = notes(tmp_path)
    assert same(first, fit_network(build, *toy, recipe(engine), task(journal)))
    assert journal.rows == []


@pytest.mark.parametrize("engine", ENGINES)
def test_other_settings_begin_anew(build, toy, task, notes, tmp_path, engine):
    fit_network(build, *toy, recipe(engine), task(notes(tmp_path)))
    changed = recipe(engine, learning_rate=0.01)
    resumed = fit_network(build, *toy, changed, task(notes(tmp_path)))
    assert same(resumed, fit_network(build, *toy, changed, task()))


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_folder_nothing_is_written(build, toy, task, notes, tmp_path, monkeypatch, engine):
    monkeypatch.chdir(tmp_path)
    fit_network(build, *toy, recipe(engine, epochs=1), task(notes()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_printed(build, toy, task, engine, capfd):
    fit_network(build, *toy, recipe(engine, epochs=1), task())
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_non_finite_loss_stops_the_training_with_its_step_and_a_likely_cause(build, toy, task, engine):
    def broken():
        network = build()
        network.head.register_forward_hook(Break(at=4))
        return network

    with pytest.raises(FailedRun, match=r"step 4 of \d+: the loss is nan.*--learning-rate 0\.002"):
        fit_network(broken, *toy, recipe(engine), task())


class Break:
    """Turns the logits of one training step into NaN."""

    def __init__(self, at):
        self.calls = 0
        self.at = at

    def __call__(self, module, inputs, output):
        self.calls += module.training
        return output * float("nan") if module.training and self.calls == self.at else output


@pytest.mark.parametrize("engine", ENGINES)
def test_the_history_has_losses_and_one_validation_per_epoch(build, toy, task, notes, engine):
    journal = notes()
    fit_network(build, *toy, recipe(engine), task(journal))
    assert [row["epoch"] for row in journal.rows if "valid_accuracy" in row] == [1, 2, 3]
    assert all("loss" in row for row in journal.rows)
    steps = [row["step"] for row in journal.rows]
    assert steps == sorted(set(steps))
    assert journal.bar[-1][0] == journal.bar[-1][1] == steps[-1]
    assert "valid" in journal.bar[-1][2]


def test_a_tensorboard_log_is_written_when_asked_for_and_outlives_the_checkpoints(build, toy, task, notes, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    monkeypatch.chdir(tmp_path)
    fit_network(build, *toy, recipe("trainer", report_to="tensorboard"), task(notes(tmp_path / "work")))
    assert list((tmp_path / "tensorboard").rglob("events.out*"))
    assert not list((tmp_path / "work").rglob("events.out*"))


def unbuilt():
    raise AssertionError("a network was built, or its weights fetched, before the request was refused")


def test_a_log_that_cannot_be_written_is_refused_before_the_network_is_built(toy, task):
    with pytest.raises(BadSetting, match=r"^--report-to nosuch: .*nosuch"):
        fit_network(unbuilt, *toy, recipe("trainer", report_to="nosuch"), task())


@pytest.mark.parametrize("engine", ENGINES)
def test_processes_that_were_started_together_are_refused_and_do_not_wait_for_each_other(toy, task, engine, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(BadSetting, match=r"^2 processes were started together"):
        fit_network(unbuilt, *toy, recipe(engine), task())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_training_that_its_patience_ended_takes_no_further_step(build, toy, task, notes, tmp_path, engine):
    settings = recipe(engine, epochs=9, patience=1, learning_rate=1e-9, average_decay=0)  # nothing gets better
    first = fit_network(build, *toy, settings, task(notes(tmp_path)))
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    journal = notes(tmp_path)
    taken = []

    def counted():
        network = build()
        network.head.register_forward_hook(lambda module, *_: taken.append(module.training))
        return network

    assert same(first, fit_network(counted, *toy, settings, task(journal)))
    assert not any(taken)
    assert journal.rows == []
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}


@pytest.mark.parametrize("asked", ["none", "balanced"])
def test_class_weights_reach_the_loss(build, toy, task, asked):
    given = []

    def objective(*arguments):
        given.append(arguments[3])
        return CrossEntropy(*arguments)

    fit_network(build, *toy, recipe("packed", epochs=1, class_weights=asked), task(), objective)
    expected = None if asked == "none" else balanced_weights(toy[0].labels, 2).tolist()
    assert (None if given[0] is None else given[0].tolist()) == expected


CHILD = """
import os, signal, sys, pathlib, runpy
sys.path[:0] = {paths!r}
import torch
torch.set_num_threads(1)
import numpy as np
from conftest import sentences
from valence.methods.cnn import Cnn, TINY
from valence.types import Journal, Split, Task

class Killed(Journal):
    folder = pathlib.Path({folder!r})
    def progress(self, done, total, note=""):
        if total > 1 and done > 90:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

texts, labels = sentences(60)
split = Split(tuple(map(str, range(60))), tuple(texts), np.array(labels))
Cnn(**{{**TINY, "engine": {engine!r}, "precision": "float32"}}).fit(split, split, Task(("bad", "good"), 0, device="cpu", journal=Killed()))
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_process_resumes_to_the_answers_of_an_uninterrupted_one(notes, tmp_path, engine):
    import numpy as np

    from conftest import sentences
    from valence.methods.cnn import TINY, Cnn
    from valence.types import Journal, Split, Task

    code = CHILD.format(paths=[str(Path(__file__).parents[1])], folder=str(tmp_path), engine=engine)
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    assert done.returncode in (-getattr(signal, "SIGKILL", signal.SIGTERM), signal.SIGTERM)
    texts, labels = sentences(60)
    split = Split(tuple(map(str, range(60))), tuple(texts), np.array(labels))
    method = Cnn(**{**TINY, "engine": engine, "precision": "float32"})
    journal = notes(tmp_path)
    resumed = method.fit(split, split, Task(("bad", "good"), 0, device="cpu", journal=journal))
    whole = method.fit(split, split, Task(("bad", "good"), 0, device="cpu", journal=Journal()))
    assert min(done for done, total, _ in journal.bar if total > 1) > 30
    np.testing.assert_array_equal(resumed.predict(texts).probabilities, whole.predict(texts).probabilities)

"""The pretrained LSTM and the pretrained transformer: which texts it reads, and what it takes from the pretraining."""

import sys

import numpy as np
import pytest
import torch

from conftest import sentences
from valence.methods import METHODS
from valence.training import course, fine_tuning, pretraining, pretraining_state, streams
from valence.types import Journal, Split, Task

NAMES = ("lstm_pretrained", "transformer_pretrained")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.delenv(pretraining.FOLDER, raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def method(name, **changes):
    cls = METHODS.find(name)
    return cls(**{**sys.modules[cls.__module__].TINY, "epochs": 1, **changes})


def split(n, seed):
    texts, labels = sentences(n, seed)
    return Split(tuple(f"{seed}-{i}" for i in range(n)), tuple(texts), np.array(labels))


def fit(name, seed=0, unlabeled=(), **changes):
    return method(name, **changes).fit(split(24, 1), split(12, 2), Task(("bad", "good"), seed, tuple(unlabeled), "cpu"))


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_the_labelled_texts_and_those_it_is_given_and_no_others(name, monkeypatch):
    read, compared = [], []
    texts, companions = streams.Texts.__init__, fine_tuning.Companions.__init__

    def note_texts(self, tokens, *rest):
        read.append(len(tokens))
        texts(self, tokens, *rest)

    def note_companions(self, unlabeled, *rest):
        compared.append(len(unlabeled))
        companions(self, unlabeled, *rest)

    monkeypatch.setattr(streams.Texts, "__init__", note_texts)
    monkeypatch.setattr(fine_tuning.Companions, "__init__", note_companions)
    unlabeled = ("An unseen xylophone plays on .", *sentences(9, 3)[0])
    classifier = fit(name, unlabeled=unlabeled)
    # what it can have read is what it was given: 24 to train on, 12 to validate, 10 without labels
    assert read == [24 + 12 + 10]
    assert compared == [10]
    known = set(classifier.vocabulary.words)
    given = " ".join((*split(24, 1).texts, *split(12, 2).texts, *unlabeled)).lower()
    assert "xylophone" in known
    assert all(word in given for word in known - {"[PAD]", "[UNK]"})


@pytest.mark.parametrize("name", NAMES)
def test_the_body_of_the_network_is_the_pretrained_one(name, monkeypatch):
    bodies, starts = [], []
    pretrain, put_into = pretraining.pretrain, pretraining.Body.put_into

    def keep(*args, **kwargs):
        bodies.append(pretrain(*args, **kwargs))
        return bodies[-1]

    def watch(self, network):
        starts.append({k: v.clone() for k, v in put_into(self, network).state_dict().items()})
        return network

    monkeypatch.setattr(pretraining, "pretrain", keep)
    monkeypatch.setattr(pretraining.Body, "put_into", watch)
    fit(name)
    shared = [k for k in starts[0] if not k.startswith("head.")]
    assert len(shared) > 5
    assert all(torch.equal(starts[0][k], bodies[0].weights[k]) for k in shared)


@pytest.mark.parametrize("name", NAMES)
def test_runs_that_hold_out_other_texts_have_one_body_with_one_pretraining_seed(name, monkeypatch):
    marks = []
    pretrain = pretraining.pretrain

    def note(*args, **kwargs):
        marks.append(kwargs["mark"])
        return pretrain(*args, **kwargs)

    monkeypatch.setattr(pretraining, "pretrain", note)
    first, second = split(24, 1), split(12, 2)
    task = lambda seed: Task(("bad", "good"), seed, device="cpu")  # noqa: E731
    method(name, pretraining_seed=5).fit(first, second, task(0))
    method(name, pretraining_seed=5, learning_rate=0.02).fit(second, first, task(1))
    method(name).fit(second, first, task(1))
    method(name, pretraining_seed=5, pretraining_rate=0.02).fit(first, second, task(0))
    assert marks[0] == marks[1]
    assert len(set(marks)) == 3


class Stopping(Journal):
    """Stops a fit at its n-th report."""

    def __init__(self, folder, after):
        self.folder = folder
        self.left = after

    def progress(self, done, total, note=""):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [5, 20, 40])
@pytest.mark.parametrize("name", NAMES)
def test_a_fit_killed_anywhere_ends_as_if_it_had_not_been(name, after, tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining_state, "CHECKPOINT_SECONDS", -1.0)
    monkeypatch.setattr(course, "CHECKPOINT_SECONDS", -1.0)
    texts = sentences(9, 3)[0]

    def run(journal):
        task = Task(("bad", "good"), 0, tuple(texts), "cpu", journal)
        return method(name, epochs=2).fit(split(24, 1), split(12, 2), task).predict(texts).probabilities

    whole = run(Journal())
    with pytest.raises(KeyboardInterrupt):
        run(Stopping(tmp_path, after))
    np.testing.assert_array_equal(run(Stopping(tmp_path, -1)), whole)


@pytest.mark.parametrize("name", NAMES)
def test_without_pretraining_it_starts_from_random_weights(name, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("it was pretrained")

    monkeypatch.setattr(pretraining, "pretrain", refuse)
    assert fit(name, pretraining_epochs=0).predict(["A fine film."]).probabilities.shape == (1, 2)

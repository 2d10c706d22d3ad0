"""A run to serve, and classifiers that do as a test wants."""

import threading
import time

import numpy as np
import pytest

from valence.experiment import experiment
from valence.runner import run
from valence.serve.limits import Limits
from valence.store import RunStore
from valence.types import Predictions, Size

LABELS = ("negative", "positive")


@pytest.fixture
def finished(reviews_csv, tmp_path, monkeypatch):
    """The store and the record of a small run, in the working directory."""
    monkeypatch.chdir(tmp_path)
    store = RunStore("runs")
    return store, run(experiment("tfidf_linear", data=str(reviews_csv)), store)


class Lengths:
    """Answers by the length of a text; can be made to wait, and raises on a text that says so."""

    device = "cpu"

    def __init__(self):
        self.calls = []
        """The texts of each call, the first of all being the warm-up."""
        self.go = threading.Event()
        self.go.set()
        self.threads = set()

    @property
    def size(self):
        return Size(0, 0)

    def predict(self, texts):
        self.threads.add(threading.get_ident())
        self.calls.append(list(texts))
        assert self.go.wait(20)
        if any("raise" in text for text in texts):
            raise ValueError(f"secret: {texts}")
        p = np.array([[0.0, 1.0] if "broken" not in text else [np.nan, 0.0] for text in texts], dtype=np.float32)
        share = np.array([1 / (1 + len(text)) for text in texts], dtype=np.float32)
        p[:, 0] += share
        p[:, 1] -= share
        return Predictions(p, tuple(f"{len(text)} letters" for text in texts))

    def save(self, folder):
        pass


def wait_until(found, seconds=10.0):
    """Wait until `found()` is true; say whether it became so."""
    end = time.monotonic() + seconds
    while not found() and time.monotonic() < end:
        time.sleep(0.002)
    return found()


@pytest.fixture
def until():
    return wait_until


@pytest.fixture
def lengths():
    return Lengths()


@pytest.fixture
def started(lengths):
    """Start batchers over `lengths`, and end them."""
    from valence.serve.batcher import Batcher

    made = []

    def start(observer=None, **limits):
        batcher = Batcher(lambda: lengths, 2, Limits(**limits), observer)
        made.append(batcher)
        batcher.start()
        assert wait_until(lambda: batcher.ready)
        lengths.calls.clear()
        return batcher

    yield start
    lengths.go.set()
    for batcher in made:
        batcher.close()

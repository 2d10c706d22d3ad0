"""A linear and a network classifier, fitted once on sentences of our own."""

import numpy as np
import pytest

from conftest import sentences
from valence.explain.explanation import Explanation
from valence.methods.tfidf_linear import TfidfLinear
from valence.types import Split, Task

LABELS = ("negative", "positive")


def split(n, seed=0, classes=2):
    texts, labels = sentences(n, seed, classes)
    return Split(tuple(f"{seed}-{i}" for i in range(n)), tuple(texts), np.array(labels))


def fit(method, labels=LABELS):
    return method.fit(split(90, 0, len(labels)), split(30, 1, len(labels)), Task(labels, 0, device="cpu"))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny tensors gain nothing from threads, and lose much where other processes want the cores."""
    try:
        import torch
    except ImportError:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def fitted():
    """Fit a method on the sentences."""
    return fit


@pytest.fixture(scope="session")
def linear():
    """A fitted bag of n-grams."""
    return fit(TfidfLinear())


@pytest.fixture(scope="session")
def cnn():
    """A tiny convolutional network, trained until it tells praise from blame."""
    pytest.importorskip("torch", reason="needs valence[torch]")
    from valence.methods.cnn import Cnn

    settings = {"epochs": 25, "batch_tokens": 512, "dimension": 16, "filters": 8, "word_dropout": 0.1, "dropout": 0.1, "max_length": 20}
    return fit(Cnn(engine="packed", learning_rate=0.01, average_decay=0, **settings))


@pytest.fixture(scope="session")
def example():
    """Build an explanation from its parts."""

    def build(**other):
        values = {"text": "A fine, long film", "spans": ((2, 6), (6, 7)), "scores": np.array([0.5, -0.1]), "label": "good"}
        values |= {"method": "linear", "change": 0.3, "unread": ((8, 12),), "probabilities": {"bad": 0.2, "good": 0.8}}
        return Explanation(**{**values, **other})

    return build

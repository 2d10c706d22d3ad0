"""Tiny data for trainings of a fraction of a second."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from valence.text.vocabulary import Tokens, Vocabulary
from valence.training import device
from valence.training.examples import Examples
from valence.types import Journal, Task

from conftest import sentences  # isort: skip


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny tensors gain nothing from threads, and lose much where other processes want the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def float32(monkeypatch):
    """Train in float32 on every machine: figures worked by hand should not depend on whether the CPU has bfloat16."""
    monkeypatch.setattr(device, "_cpu_has_bfloat16", lambda: False)


@pytest.fixture
def cpu():
    return torch.device("cpu")


@pytest.fixture
def words():
    return Vocabulary.learn(sentences(60)[0], min_count=1)


@pytest.fixture
def toy(words, cpu):
    """Forty sentences to train on and sixty to validate."""
    texts, labels = sentences(100)
    tokens, y = words.encode(texts), np.array(labels)
    return Examples(head(tokens, 40), y[:40], cpu), Examples(rest(tokens, 40), y[40:], cpu)


@pytest.fixture
def toy_of_few(words, cpu):
    """Forty sentences to train on and forty-nine to validate: too few to tell epochs apart."""
    texts, labels = sentences(89)
    tokens, y = words.encode(texts), np.array(labels)
    return Examples(head(tokens, 40), y[:40], cpu), Examples(rest(tokens, 40), y[40:], cpu)


def head(tokens: Tokens, n: int) -> Tokens:
    return Tokens(tokens.ids[: tokens.offsets[n]], tokens.offsets[: n + 1])


def rest(tokens: Tokens, n: int) -> Tokens:
    return Tokens(tokens.ids[tokens.offsets[n] :], tokens.offsets[n:] - tokens.offsets[n])


class Notes(Journal):
    """Keeps what a training reports."""

    def __init__(self, folder=None, stop_at=None):
        self.folder = folder
        self.rows = []
        self.bar = []
        self._stop_at = stop_at

    def log(self, step, **values):
        self.rows.append({"step": step, **values})

    def progress(self, done, total, note=""):
        self.bar.append((done, total, note))
        if self._stop_at is not None and done >= self._stop_at:
            raise KeyboardInterrupt


@pytest.fixture
def notes():
    return Notes


@pytest.fixture
def task():
    def make(journal=None, seed=0):
        return Task(("bad", "good"), seed, device="cpu", journal=journal or Journal())

    return make

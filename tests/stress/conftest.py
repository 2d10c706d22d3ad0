"""A classifier whose mistakes are known, and texts to stress it with."""

import numpy as np
import pytest

from conftest import BAD, GOOD, sentences
from valence.stress.stressor import Given
from valence.types import Predictions, Size, Split


class Counting:
    """Counts words of praise and of blame as they are written; sees no negation, and nothing in other letters."""

    size = Size(0, 0)

    def __init__(self):
        self.asked = []

    def predict(self, texts):
        self.asked += texts
        praise, blame = (*GOOD, "good", "enjoyable", "liked it a lot"), (*BAD, "bad", "did not like it")
        score = np.array([sum(w in t for w in praise) - sum(w in t for w in blame) for t in texts], dtype=float)
        p = 1 / (1 + np.exp(-2 * score))
        return Predictions(np.stack([1 - p, p], axis=1).astype(np.float32))


@pytest.fixture
def classifier():
    return Counting()


@pytest.fixture
def given():
    texts, labels = sentences(60)
    split = Split(tuple(f"r{i}" for i in range(60)), tuple(texts), np.array(labels))
    return Given(("negative", "positive"), "reviews", split, split.select(np.arange(40)))

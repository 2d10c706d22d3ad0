"""The method as a user sets it."""

import numpy as np

from conftest import sentences
from valence.methods.capsule_lstm import TINY, CapsuleLstm
from valence.types import Split, Task


def split(n=60):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


def test_the_settings_set_the_size():
    classifier = CapsuleLstm(**{**TINY, "epochs": 1, "hidden": 4, "capsules": 3, "capsule_size": 2}).fit(
        split(), split(), Task(("bad", "good"), device="cpu")
    )
    words = len(classifier.vocabulary) * 16
    lstm = 2 * 4 * (4 * 16 + 4 * 4 + 2 * 4)
    assert classifier.size.total == words + lstm + 8 * 6 + 6 * 2 + 2

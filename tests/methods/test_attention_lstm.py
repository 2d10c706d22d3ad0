"""The method as a user sets it."""

import numpy as np

from conftest import sentences
from valence.methods.attention_lstm import TINY, AttentionLstm
from valence.types import Split, Task


def split(n=60):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


def test_the_settings_set_the_size():
    classifier = AttentionLstm(**{**TINY, "epochs": 1, "hidden": 4, "attention": 5}).fit(
        split(), split(), Task(("bad", "good"), device="cpu")
    )
    words = len(classifier.vocabulary) * 16
    lstm = 2 * 4 * (4 * 16 + 4 * 4 + 2 * 4)
    attention = 8 * 5 + 5 + 5
    assert classifier.size.total == words + lstm + attention + 8 * 2 + 2

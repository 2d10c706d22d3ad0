"""The method as a user sets it."""

import numpy as np

from conftest import sentences
from valence.methods.cnnlstm import TINY, CnnLstm
from valence.types import Split, Task


def split(n=60):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


def test_the_settings_set_the_size():
    classifier = CnnLstm(**{**TINY, "epochs": 1, "hidden": 4, "filters": 3, "widths": (2, 3)}).fit(
        split(), split(), Task(("bad", "good"), device="cpu")
    )
    words = len(classifier.vocabulary) * 16
    filters = (2 + 3) * 16 * 3 + 6
    lstm = 2 * 4 * (4 * 6 + 4 * 4 + 2 * 4)
    assert classifier.size.total == words + filters + lstm + 16 * 2 + 2

"""The method as a user sets it."""

import numpy as np

from conftest import sentences
from valence.methods.transformer import TINY, Transformer
from valence.types import Split, Task


def split(n=60):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


def test_the_settings_set_the_size():
    classifier = Transformer(**{**TINY, "epochs": 1, "width": 8, "heads": 2, "hidden": 12, "layers": 1}).fit(
        split(), split(), Task(("bad", "good"), device="cpu")
    )
    words = len(classifier.vocabulary) * 16
    layer = (8 + 1) * 24 + (8 + 1) * 8 + (8 + 1) * 12 + (12 + 1) * 8 + 4 * 8
    assert classifier.size.total == words + (16 + 1) * 8 + layer + 2 * 8 + 16 * 2 + 2

"""The method as a user sets it."""

import numpy as np
import pytest

from conftest import sentences
from valence.methods.gru import TINY, Gru
from valence.types import Split, Task


def split(n=60):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


def test_layers_and_hidden_set_the_size():
    method = Gru(**{**TINY, "epochs": 1, "hidden": 4, "layers": 2})
    classifier = method.fit(split(), split(), Task(("bad", "good"), device="cpu"))
    gates = {"lstm": 4, "gru": 3}[method.cell]
    first, second = (2 * gates * (4 * inputs + 4 * 4 + 2 * 4) for inputs in (16, 8))
    assert classifier.size.total == len(classifier.vocabulary) * 16 + first + second + 16 * 2 + 2


@pytest.mark.parametrize("piece", [0, 3])
def test_texts_are_read_whole_or_in_pieces(piece):
    classifier = Gru(**{**TINY, "piece": piece}).fit(split(), split(), Task(("bad", "good"), device="cpu"))
    assert (classifier.predict(split().texts).labels == split().labels).mean() > 0.9

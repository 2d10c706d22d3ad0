"""The two recurrent methods, as a user sets them."""

import numpy as np
import pytest

from conftest import sentences
from valence.methods import gru, lstm
from valence.types import Split, Task

TASK = Task(("bad", "good"), device="cpu")
BOTH = pytest.mark.parametrize(("method", "tiny"), [(gru.Gru, gru.TINY), (lstm.Lstm, lstm.TINY)], ids=["gru", "lstm"])


def split(n=60):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


@BOTH
def test_layers_and_hidden_set_the_size(method, tiny):
    chosen = method(**{**tiny, "epochs": 1, "hidden": 4, "layers": 2})
    classifier = chosen.fit(split(), split(), TASK)
    gates = {"lstm": 4, "gru": 3}[chosen.cell]
    first, second = (2 * gates * (4 * inputs + 4 * 4 + 2 * 4) for inputs in (16, 8))
    assert classifier.size.total == len(classifier.vocabulary) * 16 + first + second + 16 * 2 + 2


@BOTH
@pytest.mark.parametrize("piece", [0, 3])
def test_texts_are_read_whole_or_in_pieces(method, tiny, piece):
    classifier = method(**{**tiny, "piece": piece}).fit(split(), split(), TASK)
    assert (classifier.predict(split().texts).labels == split().labels).mean() > 0.9

"""Whether a method learns from its valid part is held to what it does.

Made-up words stand in valid alone, with labels drawn by lot: who knows them has learned there. Who only chooses an epoch on
valid cannot hit a dozen lots at once.
"""

import numpy as np
import pytest

from test_contract import small
from valence.methods import METHODS
from valence.types import Split, Task

WORDS = ("quibbit", "zorblax", "frumple", "dranish", "ostvik", "plembo", "twarnel", "gishpo", "velmurk", "snadrin", "kolbeth", "yurpip")
LOTS = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0])


def split(words, lots):
    rows = [(f"{word} {word} {word} {word} {i}", label) for i in range(4) for word, label in zip(words, lots, strict=True)]
    texts, labels = zip(*rows, strict=True)
    return Split(tuple(f"{words[0]}{i}" for i in range(len(rows))), texts, np.array(labels))


@pytest.mark.parametrize("name", [n for n in METHODS.names if not METHODS.find(n).constant_by_design])
def test_what_is_said_of_a_method_and_its_valid_part_is_what_it_does(name):
    if not name.endswith(("_svm", "_linear", "_embedding")):
        pytest.importorskip("torch", reason="needs valence[torch]")
    method = small(name)
    train = split(("dreadful", "wonderful", "clumsy", "charming", "boring", "superb"), (0, 1, 0, 1, 0, 1))
    fitted = method.fit(train, split(WORDS, LOTS), Task(("bad", "good"), 0, device="cpu"))
    known = (fitted.predict([f"{word} {word} {word} {word}" for word in WORDS]).labels == LOTS).mean()
    assert (known > 0.9) == method.learns_from_valid, f"{name} knows {known:.0%} of the words"


def test_the_class_frequencies_are_those_of_both_parts():
    train, valid = split(("dreadful",), (0,)), split(("quibbit",), (1,))
    fitted = small("majority").fit(train, valid, Task(("bad", "good"), device="cpu"))
    assert (fitted.predict(["any"]).probabilities[0] == 0.5).all()
    assert small("majority").learns_from_valid

"""Sentences that name the labels, added to few texts."""

from __future__ import annotations

import numpy as np

from valence.methods.setfit import DESCRIPTIONS, with_descriptions
from valence.types import Split


def test_each_label_gets_sentences_that_name_it_and_the_texts_stay_first() -> None:
    train = Split(("a", "b"), ("A warm day.", "A cold day."), np.array([1, 0]))
    found = with_descriptions(train, ("bad", "good"))
    assert len(set(found.ids)) == len(found) == 2 + 2 * len(DESCRIPTIONS)
    assert found.texts[:2] == train.texts
    for text, label in zip(found.texts[2:], found.labels[2:], strict=True):
        assert ("good" in text) == (label == 1)
        assert ("bad" in text) == (label == 0)

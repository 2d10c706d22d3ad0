"""The method as a user sets it."""

import numpy as np
import pytest
from pydantic import ValidationError

from conftest import sentences
from valence.errors import BadSetting
from valence.methods.cnn import TINY, Cnn
from valence.types import Split, Task


def split(n=60):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


def test_it_needs_a_width():
    with pytest.raises(ValidationError):
        Cnn(widths=())


def test_filters_and_widths_set_the_size():
    classifier = Cnn(**{**TINY, "epochs": 1, "widths": (1, 2), "filters": 3}).fit(split(), split(), Task(("bad", "good"), device="cpu"))
    words = len(classifier.vocabulary)
    # vectors, two kinds of filters with biases, head
    assert classifier.size.total == words * 16 + (1 + 2) * 16 * 3 + 6 + 6 * 2 + 2
    assert classifier.size.trainable == classifier.size.total


def test_pretrained_vectors_are_named_by_path(tmp_path):
    (tmp_path / "v.txt").write_text("wonderful 1 2\n", encoding="utf-8")
    classifier = Cnn(**TINY, word_vectors=str(tmp_path / "v.txt")).fit(split(), split(), Task(("bad", "good"), device="cpu"))
    assert np.isfinite(classifier.predict(split().texts).probabilities).all()


def test_an_absent_device_is_refused():
    with pytest.raises(BadSetting, match="No device 'cuda:7'"):
        Cnn(**TINY).fit(split(), split(), Task(("bad", "good"), device="cuda:7"))

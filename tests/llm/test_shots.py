"""Examples come from the training texts, equally many of each label, by the seed; or they resemble the review."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import sentences
from valence.llm.shots import by_words, stratified
from valence.types import Split


def split(n=40, classes=2):
    texts, labels = sentences(n, classes=classes)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels, dtype=np.int64))


@given(st.integers(0, 12), st.integers(0, 100), st.integers(2, 3))
def test_labels_are_named_equally_often(shots, seed, classes):
    train = split(classes=classes)
    chosen = stratified(train, shots, classes, seed)
    counts = np.bincount(train.labels[chosen], minlength=classes)
    assert len(set(chosen)) == shots
    assert counts.max() - counts.min() <= 1
    assert chosen == stratified(train, shots, classes, seed)


def test_another_seed_draws_others():
    assert len({tuple(stratified(split(), 4, 2, seed)) for seed in range(5)}) == 5


def test_a_label_with_few_texts_gives_all_it_has():
    train = Split(("a", "b", "c", "d"), ("a", "b", "c", "d"), np.array([0, 1, 1, 1]))
    assert sorted(train.labels[stratified(train, 4, 2, 0)]) == [0, 1, 1, 1]
    assert stratified(train, 9, 2, 0) != []


def test_the_nearest_text_stands_last():
    near = by_words(("a lifeless plot", "a wonderful score", "the dialogue"))
    found = near.nearest(["what a wonderful score", "lifeless"], 2)
    assert found.shape == (2, 2)
    assert found[:, -1].tolist() == [1, 0]


def test_a_review_gets_the_same_neighbours_alone():
    train = split()
    near = by_words(train.texts)
    np.testing.assert_array_equal(near.nearest(train.texts, 3), np.concatenate([near.nearest([t], 3) for t in train.texts]))


def test_texts_without_words_have_neighbours_too():
    assert by_words(("", "  ")).nearest(["!", ""], 1).shape == (2, 1)


@pytest.mark.real
def test_an_encoder_finds_what_means_the_same(monkeypatch):
    import os
    from pathlib import Path

    from valence.llm.shots import by_meaning

    folder = Path(os.environ.get("VALENCE_MODELS", "")) / "all-MiniLM-L6-v2"
    if not os.environ.get("VALENCE_MODELS") or not folder.is_dir():
        pytest.skip("real weights: set VALENCE_MODELS to a folder with all-MiniLM-L6-v2")
    near = by_meaning(("the acting is dull", "the bus was late"), str(folder), "cpu")
    assert near.nearest(["lifeless performances", "my train was delayed"], 1)[:, 0].tolist() == [0, 1]

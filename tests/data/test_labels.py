"""Labels as people write them."""

import pytest

from valence.data._labels import doubtful_labels, label_text, name_labels, spellings
from valence.errors import BadData


@pytest.mark.parametrize(
    ("values", "names", "index"),
    [
        (["1", "0"], ("negative", "positive"), {"0": 0, "1": 1}),
        (["1", "-1"], ("negative", "positive"), {"-1": 0, "1": 1}),
        (["pos", "neg"], ("negative", "positive"), {"neg": 0, "pos": 1}),
        (["Positive", "Negative"], ("negative", "positive"), {"Negative": 0, "Positive": 1}),
        (["positive", "neutral", "negative"], ("negative", "neutral", "positive"), {"negative": 0, "neutral": 1, "positive": 2}),
        (["10", "2", "1"], ("1", "2", "10"), {"1": 0, "2": 1, "10": 2}),
        (["praise", "complaint"], ("complaint", "praise"), {"complaint": 0, "praise": 1}),
        (["0", "1", "2"], ("0", "1", "2"), {"0": 0, "1": 1, "2": 2}),
    ],
)
def test_labels_get_their_natural_order(values, names, index):
    assert name_labels(values) == (names, index)


def test_labels_that_differ_only_by_case_are_refused():
    with pytest.raises(BadData, match="The labels 'Good' and 'good' differ only by case"):
        name_labels(["good", "Good", "bad"])


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1, "1"), (1.0, "1"), ("1.0", "1"), (None, ""), (float("nan"), ""), (" pos ", "pos"), (True, "true"), (2.5, "2.5"), ("1.05", "1.05")],
)
def test_a_cell_becomes_a_label(cell, text):
    assert label_text(cell) == text


def test_spellings_accept_names_short_names_and_indices():
    assert spellings(("negative", "positive")) == {"negative": 0, "neg": 0, "0": 0, "positive": 1, "pos": 1, "1": 1}


def test_a_number_that_is_a_name_is_not_an_index():
    assert spellings(("1", "2")) == {"1": 0, "2": 1}


def test_a_rare_label_spelt_like_a_frequent_one_is_doubted():
    found = doubtful_labels({"negative": 100, "neutral": 90, "positive": 99, "postive": 1})
    assert found == ["The label 'postive' stands on 1 row, 'positive' on 99: a slip? It is a class of its own as it is."]


def test_stars_and_labels_of_like_size_are_not_doubted():
    assert not doubtful_labels({"1": 400, "10": 3, "100": 2})
    assert not doubtful_labels({"positive": 30, "postive": 20, "gone": 0})

"""Phrases of other texts."""

import numpy as np
import pytest

from valence.data._phrases import phrases_of

WHOLES = ("A fine film , with wit .", "the plot&#39;s end", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fine film", True),
        ("FINE\u00a0 Film", True),
        ("<i>with</i> wit", True),
        ("the plot's", True),
        ("A fine film , with wit .", True),
        ("fin", False),
        ("film fine", False),
        ("fine wit", False),
        ("A fine film , with wit . Really", False),
        ("", False),
    ],
)
def test_a_phrase_is_whole_words_in_a_row(text, expected):
    assert phrases_of(WHOLES, ["unrelated", text]).tolist() == [False, expected]


def test_every_row_of_a_repeated_phrase_is_found():
    np.testing.assert_array_equal(phrases_of(["a b c"], ["b c", "x", "B C", "a b c"]), [True, False, True, True])


def test_nothing_is_a_phrase_of_nothing():
    assert phrases_of([], ["a"]).tolist() == [False]
    assert phrases_of(["a"], []).tolist() == []

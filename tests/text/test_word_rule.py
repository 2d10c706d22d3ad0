"""Words as they are cut out of texts."""

import pytest

from valence.errors import BadSetting
from valence.text.word_rule import STOCK_WORDS, WordRule


def test_the_default_rule_keeps_apostrophes_and_marks():
    assert WordRule().split(["It isn't GOOD!! 7/10 :("]).to_list() == [["it", "isn't", "good", "!", "!", "7", "/", "10", ":", "("]]


def test_scikit_learns_words_have_two_letters_or_more_and_read_breaks():
    assert WordRule(STOCK_WORDS, keep_breaks=True).split(["A 1½ It's<br />ok_ay"]).to_list() == [["1½", "it", "br", "ok_ay"]]


def test_a_text_of_white_space_has_no_words():
    assert WordRule().split(["", " \n", "x"]).to_list() == [[], [], ["x"]]


def test_a_pattern_that_is_no_regular_expression_is_one_line():
    with pytest.raises(BadSetting, match=r"^The word pattern '\(\?<=a\)b' is not a regular expression") as raised:
        WordRule("(?<=a)b").split(["a b"])
    assert "\n" not in str(raised.value)

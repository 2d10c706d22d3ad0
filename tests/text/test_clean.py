"""What is taken out before words are read."""

import polars as pl
import pytest

from valence.text.clean import to_series, without_breaks


@pytest.mark.parametrize("written", ["<br>", "<br/>", "<br />", "<BR />", "< br / >"])
def test_every_spelling_of_a_break_becomes_a_space(written):
    assert pl.DataFrame({"t": [f"one{written}two"]}).select(without_breaks(pl.col("t")))["t"].to_list() == ["one two"]


def test_other_markup_and_words_with_br_stay():
    texts = ["<b>br</b> bread <brr>"]
    assert pl.DataFrame({"t": texts}).select(without_breaks(pl.col("t")))["t"].to_list() == texts


def test_half_of_a_surrogate_pair_becomes_a_question_mark_and_nothing_else_changes():
    assert to_series(["fine 🙂", "half \ud83d here", "a\x00b"]).to_list() == ["fine 🙂", "half ? here", "a\x00b"]

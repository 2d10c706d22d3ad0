"""Answers in words name a label or none; scores become probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valence.evaluation.outcomes import names_a_label
from valence.llm.asked import from_scores, name_label, spoken

LABELS = ("negative", "positive")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("positive", "positive"),
        ("<think>It was positive? No.</think>\n\nnegative", "negative"),
        ("so it is bad, then</think> negative", "negative"),
        ("<think>positive, no, wait", ""),
        ("<think>\n\n</think>\n\nPositive.", "Positive."),
    ],
)
def test_a_thought_is_no_answer(text, left):
    assert spoken(text) == left


def test_a_thought_that_the_prompt_began_and_that_never_ended_leaves_nothing():
    assert spoken("positive, I think, or", open_thought=True) == ""
    assert spoken("hm</think>positive", open_thought=True) == "positive"


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        ("good", 1, "positive"),
        (" **Bad**, and long", 0, " **negative**, and long"),
        ("Positive!", 1, "Positive!"),
        ("not good", None, "not good"),
        ("goodness", None, "goodness"),
        ("", None, ""),
    ],
)
def test_the_first_word_decides_and_label_words_become_label_names(text, label, said):
    assert name_label(text, ("bad", "good"), LABELS) == (label, said)


@given(st.text(), st.sampled_from([("bad", "good"), ("negative", "positive"), ("no", "yes")]))
def test_a_label_is_named_exactly_where_the_evaluation_finds_one(text, words):
    label, said = name_label(text, words, LABELS)
    assert (label is not None) == bool(names_a_label([said], LABELS)[0])


def test_scores_become_probabilities():
    # log 0.2 and log 0.6: 0.2 / 0.8 and 0.6 / 0.8; shares of the label words among themselves
    np.testing.assert_allclose(from_scores(np.log([[0.2, 0.6]])), [[0.25, 0.75]], rtol=1e-6)
    np.testing.assert_allclose(from_scores(np.array([[-2000.0, -2001.0]])), [[0.7310586, 0.2689414]], rtol=1e-5)


def test_calibration_divides_by_the_blank_review_s_probabilities():
    # 0.25 / 0.2 = 1.25 and 0.75 / 0.8 = 0.9375; of their sum 2.1875 that is 4/7 and 3/7
    calibrated = from_scores(np.log([[0.25, 0.75]]), np.array([0.2, 0.8]))
    np.testing.assert_allclose(calibrated, [[4 / 7, 3 / 7]], rtol=1e-6)
    blank = from_scores(np.log([[0.2, 0.8]]), np.array([0.2, 0.8]))
    np.testing.assert_allclose(blank, [[0.5, 0.5]], rtol=1e-6, err_msg="a blank review says nothing")

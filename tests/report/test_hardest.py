import numpy as np
import pytest

from valence.evaluation.outcomes import grade
from valence.report.hardest import Wrong, most_wrong

LABELS = np.array([0, 0, 1, 1])


def graded(second, valid=None):
    p = np.array(second, dtype=np.float32)
    return grade(LABELS, np.stack([1 - p, p], axis=1), valid)


def test_the_most_confident_error_comes_first_and_right_answers_are_left_out():
    found = most_wrong([graded([0.9, 0.1, 0.2, 0.3])], ["a", "b", "c", "d"], ["bad", "good"], 10)
    assert [(w.id, w.label, w.answer) for w in found] == [("a", "bad", "good"), ("c", "good", "bad"), ("d", "good", "bad")]
    assert [w.confidence for w in found] == pytest.approx([0.9, 0.8, 0.7])


def test_over_seeds_a_right_answer_counts_as_no_confidence():
    found = most_wrong([graded([0.9, 0.1, 0.2, 0.9]), graded([0.2, 0.1, 0.2, 0.9])], "abcd", ["bad", "good"], 1)
    assert [(w.id, w.confidence) for w in found] == [("c", pytest.approx(0.8))]


def test_an_answer_that_names_no_label_is_no_confident_error():
    assert [w.id for w in most_wrong([graded([0.9, 0.8, 0.9, 0.9], np.array([False, True, True, True]))], "abcd", ["n", "p"], 4)] == ["b"]


@pytest.mark.parametrize(("name", "rating"), [("123_10", "10"), ("7_1", "1"), ("7_0", ""), ("a_7", ""), ("12", "")])
def test_only_an_imdb_id_tells_a_rating(name, rating):
    assert Wrong(name, "positive", "negative", 0.9).rating == rating

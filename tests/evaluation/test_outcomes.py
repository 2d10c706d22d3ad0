import numpy as np
import pytest

from valence.errors import BadData
from valence.evaluation.outcomes import grade, names_a_label


@pytest.mark.parametrize(
    ("answer", "valid"),
    [
        ("positive", True),
        (" **Negative**.", True),
        ("POSITIVE\nbecause the acting shines", True),
        ("positively", False),
        ("not positive", False),
        ("", False),
        ("1", False),
    ],
)
def test_an_answer_is_valid_when_its_first_word_names_a_label(answer, valid):
    assert names_a_label([answer], ["negative", "positive"]).tolist() == [valid]


def test_a_longer_label_is_not_taken_for_the_shorter_one_it_begins_with():
    assert names_a_label(["very good", "very", "very bad"], ["very", "very good"]).tolist() == [True, True, True]
    assert names_a_label(["verygood"], ["very", "very good"]).tolist() == [False]


@pytest.mark.parametrize("k", [2, 4])
def test_predictions_and_confidence_are_the_first_most_probable_label(k):
    p = np.random.default_rng(0).dirichlet(np.ones(k), 50).astype(np.float32)
    p[0] = 1 / k
    graded = grade(np.zeros(50, dtype=np.int64), p)
    assert graded.predictions.tolist() == p.argmax(axis=1).tolist()
    assert graded.confidence == pytest.approx(p.max(axis=1))
    assert graded.correct.tolist() == (p.argmax(axis=1) == 0).tolist()


def test_labels_and_probabilities_of_other_lengths_are_refused():
    with pytest.raises(BadData, match=r"got 3 labels and an array of \(2, 2\)"):
        grade(np.zeros(3, dtype=np.int64), np.full((2, 2), 0.5, dtype=np.float32))

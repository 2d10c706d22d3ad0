import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from valence.errors import BadData, FailedRun
from valence.evaluation.metrics import METRICS, check_predictions, find_collapse, score


def table(seed, n=400, k=3, sharp=2.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + sharp * np.eye(k)[labels]
    p = np.exp(logits)
    return labels.astype(np.int64), (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


@given(seed=st.integers(0, 10_000), k=st.integers(2, 5), n=st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_accuracy_macro_f1_and_log_loss_agree_with_sklearn(seed, k, n):
    labels, p = table(seed, n, k)
    got = score(labels, p)
    predicted = p.argmax(axis=1)
    # sklearn renormalises float32 rows itself; do it first, so that it need not warn
    exact = p.astype(np.float64) / p.sum(axis=1, keepdims=True, dtype=np.float64)
    assert got["accuracy"] == pytest.approx(sk.accuracy_score(labels, predicted))
    assert got["macro_f1"] == pytest.approx(sk.f1_score(labels, predicted, average="macro", zero_division=0))
    assert got["log_loss"] == pytest.approx(sk.log_loss(labels, exact, labels=range(k)), rel=1e-5)


def test_log_loss_is_clipped_at_one_in_ten_million():
    labels, p = np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]], dtype=np.float32)
    assert score(labels, p)["log_loss"] == pytest.approx(-np.log(1e-7) / 2)


def test_ece_of_four_texts_worked_by_hand():
    # 15 bins: .9 and .92 share (13/15, 14/15], of which one is right: |.5 - .91| * 2/4;
    # .6 falls on 9/15 and so into (8/15, 9/15]: wrong, .6 * 1/4; .7 into (10/15, 11/15]: right, .3 * 1/4
    labels = np.array([1, 0, 0, 1])
    p1 = np.array([0.9, 0.92, 0.6, 0.7])
    p = np.stack([1 - p1, p1], axis=1).astype(np.float32)
    assert score(labels, p)["ece"] == pytest.approx(0.5 * 0.41 + 0.25 * 0.6 + 0.25 * 0.3, abs=1e-6)


def test_an_invalid_answer_is_a_wrong_one_and_left_out_of_accuracy_valid():
    labels = np.array([0, 0, 1, 1])
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.9, 0.1]], dtype=np.float32)
    got = score(labels, p, np.array([True, False, True, True]))
    assert (got["accuracy"], got["valid_rate"], got["accuracy_valid"]) == (0.5, 0.75, pytest.approx(2 / 3))
    # class 0: TP 1, FN 1 (invalid), FP 1 -> F1 1/2; class 1: TP 1, FN 1, FP 0 -> F1 2/3
    assert got["macro_f1"] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_accuracy_among_the_valid_is_nan_when_no_answer_is_valid():
    labels, p = table(0, 5)
    assert np.isnan(score(labels, p, np.zeros(5, dtype=bool))["accuracy_valid"])


def test_a_tie_goes_to_the_first_label():
    p = np.full((2, 2), 0.5, dtype=np.float32)
    assert score(np.array([0, 1]), p)["accuracy"] == 0.5


def test_every_metric_says_its_direction_and_meaning():
    assert [m.name for m in METRICS] == ["accuracy", "macro_f1", "log_loss", "ece", "valid_rate", "accuracy_valid"]
    assert {m.name for m in METRICS if m.direction == "lower"} == {"log_loss", "ece"}
    assert all(m.meaning.endswith(".") for m in METRICS)


@pytest.mark.parametrize(("labels", "rows", "said"), [([-1, 0], 2, "-1 ... 0"), ([], 0, "got none"), ([0], 2, "1 labels")])
def test_what_cannot_be_scored_is_refused_in_one_line(labels, rows, said):
    with pytest.raises(BadData, match=said):
        score(np.array(labels, dtype=np.int64), np.full((rows, 2), 0.5, dtype=np.float32))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[0.5, 0.5], [np.nan, 0.5]], "finite; 1 of 2 rows is not"),
        ([[np.inf, 0.5], [np.nan, 0.5]], "finite; 2 of 2 rows are not"),
        ([[0.5, 0.6], [0.5, 0.5]], "sum to 1; 1 of 2 rows is not .row 0 sums to 1.1"),
        ([[-0.1, 1.1], [0.5, 0.5]], "must be probabilities"),
        ([[0.2, 0.3, 0.5]], "need 2 probabilities per text"),
    ],
)
def test_predictions_that_are_no_probabilities_fail_the_run(rows, said):
    with pytest.raises(FailedRun, match=said):
        check_predictions(np.array(rows, dtype=np.float32), 2)


def test_half_precision_and_four_decimals_pass_as_probabilities():
    labels, p = table(1)
    check_predictions(p.astype(np.float16).astype(np.float32), 3)
    check_predictions(np.round(p, 4), 3)
    assert find_collapse(labels, p) is None


def test_the_same_probabilities_for_every_text_are_a_collapse():
    labels = np.array([0, 1, 1])
    assert "same probabilities" in find_collapse(labels, np.full((3, 2), 0.5, dtype=np.float32))


def test_one_class_for_every_text_is_a_collapse_although_the_probabilities_differ():
    labels, p = table(2, 100, 2)
    p = np.stack([0.5 + p[:, 0] / 2, p[:, 1] / 2], axis=1)
    assert "All 100 texts got class 0" in find_collapse(labels, p)


def test_one_class_is_no_collapse_where_the_labels_hold_one_class_or_too_few_texts_could_tell():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], dtype=np.float32)
    assert find_collapse(np.zeros(3, dtype=np.int64), p) is None
    assert find_collapse(np.array([0, 0, 1]), p) is None

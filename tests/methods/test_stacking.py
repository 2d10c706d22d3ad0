import numpy as np
import pytest
from scipy.special import expit

from valence.errors import BadData
from valence.methods.stacking import UNSEEN, Stack, Stacking, evidence


def answers(seed=0, n=200, m=2, k=2):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    logits = rng.normal(size=(m, n, k)) + 2 * (labels[:, None] == np.arange(k))
    p = np.exp(logits)
    return (p / p.sum(axis=2, keepdims=True)).astype(np.float32), labels


def test_the_answer_is_worked_by_hand():
    given = np.array([[[0.2, 0.8]], [[0.5, 0.5]]], np.float32)
    # log odds ln 4 and 0: logistic(.1 + 2 ln 4 - 0) = logistic(.1 + ln 16)
    merged = Stack(np.array([[2.0], [-1.0]]), np.array([0.1])).merge(given)
    np.testing.assert_allclose(merged, [[1 - expit(0.1 + np.log(16)), expit(0.1 + np.log(16))]], atol=1e-6)


@pytest.mark.parametrize("cost", [0.1, 1.0, 10.0])
def test_the_weights_are_where_the_penalised_loss_is_flat(cost):
    given, labels = answers()
    rule = Stacking(cost=cost).learn(given, labels)
    error = rule.merge(given)[:, 1] - labels
    weights = rule.arrays["coefficients"][:, 0]
    # d/dw [ ||w||^2 / 2 + C sum_i loss_i ] = w + C sum_i (p_i - y_i) z_i, and the intercept is free
    np.testing.assert_allclose(weights + cost * error @ evidence(given), 0, atol=1e-3)
    assert error.sum() == pytest.approx(0, abs=1e-3)


def test_the_member_that_knows_more_weighs_more():
    given, labels = answers(n=2000)
    noise = np.random.default_rng(1).dirichlet([1, 1], size=2000).astype(np.float32)
    weights = Stacking().learn(np.stack([given[0], noise]), labels).arrays["coefficients"][:, 0]
    assert weights[0] > 0.8
    assert abs(weights[1]) < 0.15


def test_with_several_labels_the_evidence_is_centred_and_the_answer_a_softmax():
    given, labels = answers(k=3, n=600)
    read = evidence(given)
    assert read.shape == (600, 6)
    np.testing.assert_allclose(read[:, :3].sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(read[0, :3] - read[0, 0], np.log(given[0, 0] / given[0, 0, 0]), atol=1e-6)
    merged = Stacking().learn(given, labels).merge(given)
    np.testing.assert_allclose(merged.sum(axis=1), 1, atol=1e-6)
    assert (merged.argmax(axis=1) == labels).mean() > max((a.argmax(axis=1) == labels).mean() for a in given)


def test_a_label_that_valid_lacks_stays_improbable():
    given, labels = answers(k=3)
    kept = labels < 2
    rule = Stacking().learn(given[:, kept], labels[kept])
    assert rule.arrays["intercept"][2] == UNSEEN
    assert rule.merge(given)[:, 2].max() < 1e-3


def test_certain_members_stay_finite():
    given = np.array([[[0.0, 1.0]], [[1.0, 0.0]]], np.float32)
    assert np.isfinite(Stack(np.array([[1.0], [1.0]]), np.zeros(1)).merge(given)).all()


def test_one_label_only_is_refused():
    with pytest.raises(BadData, match="whose 4 texts hold one label only"):
        Stacking().learn(np.full((2, 4, 2), 0.5, np.float32), np.zeros(4, np.int64))

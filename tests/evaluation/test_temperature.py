import numpy as np
import pytest
from scipy.special import softmax

from valence.errors import BadData
from valence.evaluation.metrics import losses
from valence.evaluation.outcomes import grade
from valence.evaluation.temperature import HIGHEST, LOWEST, fit_temperature, scale


def sample(seed, n=20_000, k=3, temperature=1.0):
    """Labels drawn from softmax(z), and the probabilities softmax(z / temperature) a classifier would state."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, k)) * 2
    labels = (softmax(logits, axis=1).cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return softmax(logits / temperature, axis=1).astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("stated", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("k", [2, 5])
def test_the_temperature_undoes_the_one_that_was_applied(stated, k):
    p, labels = sample(0, k=k, temperature=stated)
    assert fit_temperature(p, labels) == pytest.approx(1 / stated, rel=0.06)


def test_no_other_temperature_has_less_loss():
    p, labels = sample(1, n=500, temperature=0.3)
    best = fit_temperature(p, labels)
    at = [losses(grade(labels, scale(p, t))).mean() for t in (best, 0.97 * best, 1.03 * best)]
    assert at[0] == min(at)


def test_scaling_by_one_changes_nothing_and_no_temperature_changes_an_answer():
    p, _ = sample(2, n=300)
    np.testing.assert_allclose(scale(p, 1.0), p, atol=1e-6)
    for t in (0.1, 7.0):
        scaled = scale(p, t)
        np.testing.assert_array_equal(scaled.argmax(axis=1), p.argmax(axis=1))
        np.testing.assert_allclose(scaled.sum(axis=1), 1, atol=1e-6)
        assert scaled.dtype == np.float32


def test_scaling_probabilities_is_scaling_logits():
    logits = np.random.default_rng(3).normal(size=(50, 4))
    p = softmax(logits, axis=1).astype(np.float32)
    np.testing.assert_allclose(scale(p, 2.0), softmax(logits / 2.0, axis=1), atol=1e-6)


def test_zeros_and_texts_that_are_all_right_give_finite_numbers():
    p = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], np.float32)
    labels = np.array([0, 1, 0])
    found = fit_temperature(p, labels)
    assert LOWEST <= found <= HIGHEST
    assert np.isfinite(scale(p, found)).all()


def test_without_texts_or_with_another_number_of_labels_it_is_refused():
    with pytest.raises(BadData, match="got 0 labels, 0 rows"):
        fit_temperature(np.empty((0, 2), np.float32), np.empty(0, np.int64))
    with pytest.raises(BadData, match="got 1 labels, 2 rows"):
        fit_temperature(np.full((2, 2), 0.5, np.float32), np.array([1]))

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from valence.evaluation.calibration import brier, confidence_bins, pool, reliability
from valence.evaluation.outcomes import grade


def outcomes(seed, n=500):
    rng = np.random.default_rng(seed)
    p1 = rng.random(n).astype(np.float32)
    labels = (rng.random(n) < p1).astype(np.int64)
    return grade(labels, np.stack([1 - p1, p1], axis=1))


@given(st.floats(0, 1))
def test_every_confidence_falls_into_the_right_closed_bin_that_holds_it(confidence):
    found = int(confidence_bins(np.array([confidence]))[0])
    assert 0 <= found < 15
    assert found / 15 - 1e-12 <= confidence <= (found + 1) / 15 + 1e-12


def test_the_curve_agrees_with_sklearn_on_correctness_against_confidence():
    graded = outcomes(0)
    curve = reliability(graded)
    right, confidence = calibration_curve(graded.correct, graded.confidence, n_bins=15, strategy="uniform")
    held = curve.counts > 0
    assert curve.accuracy[held] == pytest.approx(right)
    assert curve.confidence[held] == pytest.approx(confidence)
    assert curve.counts.sum() == 500
    assert np.isnan(curve.accuracy[~held]).all()


def test_pooled_seeds_count_every_text_once_per_seed():
    first, second = outcomes(1), outcomes(2)
    together = grade(np.concatenate([first.labels, second.labels]), np.concatenate([first.probabilities, second.probabilities]))
    pooled, whole = pool([reliability(first), reliability(second)]), reliability(together)
    assert pooled.error == pytest.approx(whole.error)
    assert (pooled.counts == whole.counts).all()


def test_brier_is_twice_the_binary_score_of_sklearn():
    graded = outcomes(3)
    assert brier(graded) == pytest.approx(2 * brier_score_loss(graded.labels, graded.probabilities[:, 1]), rel=1e-5)

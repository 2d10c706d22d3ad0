import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from valence.evaluation.calibration import brier, confidence_bins, equal_mass_bins, pool, reliability, reliability_by_mass
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


def test_a_confidence_on_an_edge_belongs_to_the_bin_below_it():
    # Guo et al. (2017), section 2: bins ((m-1)/M, m/M]
    assert confidence_bins(np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), 5).tolist() == [0, 0, 1, 2, 3, 4]
    assert confidence_bins(np.array([0.2, 0.4, 0.6, 0.8, 1.0])).tolist() == [2, 5, 8, 11, 14]


def test_the_error_counts_each_bin_by_its_texts():
    p = np.array([0.6, 0.6, 0.6, 0.95], np.float32)
    graded = grade(np.array([0, 1, 1, 1]), np.stack([p, 1 - p], axis=1))
    # three of four texts: one in three right at .6; one of four: wrong at .95
    assert reliability(graded).error == pytest.approx(0.75 * (0.6 - 1 / 3) + 0.25 * 0.95)


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


@given(st.integers(0, 200), st.integers(1, 20))
def test_bins_of_equal_mass_differ_by_one_text_where_no_confidences_are_equal(n, bins):
    confidence = np.random.default_rng(n).permutation(n) / max(n, 1)
    counts = np.bincount(equal_mass_bins(confidence, bins), minlength=bins)
    assert counts.sum() == n
    held = counts[counts > 0]
    assert len(held) == min(n, bins)
    assert len(held) == 0 or held.max() - held.min() <= 1


def test_bins_of_equal_mass_follow_the_order_of_confidence_and_keep_ties_together():
    found = equal_mass_bins(np.array([0.9, 0.5, 0.6, 0.6, 0.6, 1.0]), 3)
    # sorted .5 .6 | .6 .6 | .9 1.0: the ends are .6 and .6, so that all .6 fall into the first bin
    assert found.tolist() == [2, 0, 0, 0, 0, 2]


def test_the_error_over_bins_of_equal_mass_is_worked_by_hand():
    p = np.array([0.6, 0.7, 0.8, 0.9], np.float32)
    graded = grade(np.array([0, 1, 0, 0]), np.stack([p, 1 - p], axis=1))
    # bins {.6 right, .7 wrong} and {.8 right, .9 right}: |.5 - .65| / 2 + |1 - .85| / 2
    assert reliability_by_mass(graded, 2).error == pytest.approx(0.15)


def test_the_error_over_bins_of_equal_mass_ignores_the_order_of_the_texts():
    graded = outcomes(5)
    turned = grade(graded.labels[::-1], graded.probabilities[::-1])
    assert reliability_by_mass(graded).error == pytest.approx(reliability_by_mass(turned).error)

"""Labels for points without one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from valence.training.mixture import confident, fit_mixture


def heaps(n: int = 400, classes: int = 2, seed: int = 0, width: int = 6):
    """Return n points around each of `classes` means, two apart in a direction of their own, and where each belongs."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), n)
    points = rng.normal(size=(n * classes, width)) * 0.5
    points[np.arange(n * classes), labels] += 2
    return points.astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3])
def test_one_labelled_point_of_each_heap_labels_the_heaps(classes: int) -> None:
    points, labels = heaps(classes=classes)
    first = [int(np.flatnonzero(labels == c)[0]) for c in range(classes)]
    told = fit_mixture(points[first], labels[first], points, classes, 3).log_posterior(points).argmax(axis=1)
    assert (told == labels).mean() > 0.97


def test_the_fixed_point_is_that_of_scikit_learn_where_labels_weigh_nothing() -> None:
    points, labels = heaps()
    ours = fit_mixture(points[[0, 400]], labels[[0, 400]], points, 2, 2)
    flat = (points - ours.centre) @ ours.directions
    theirs = GaussianMixture(2, covariance_type="tied", means_init=ours.means, tol=1e-9, max_iter=500).fit(flat)
    np.testing.assert_allclose(ours.means, theirs.means_, atol=0.02)
    np.testing.assert_allclose(ours.covariance, theirs.covariances_, atol=0.02)
    np.testing.assert_allclose(np.exp(ours.log_posterior(points)), theirs.predict_proba(flat), atol=0.05)


def test_posteriors_are_probabilities_and_shares_sum_to_one() -> None:
    points, labels = heaps(50)
    mixture = fit_mixture(points[::10], labels[::10], points, 2, 4)
    np.testing.assert_allclose(np.exp(mixture.log_posterior(points)).sum(axis=1), 1)
    assert mixture.shares.sum() == pytest.approx(1)


def test_unequal_heaps_get_unequal_shares() -> None:
    points, labels = heaps(400)
    rows = np.r_[0:100, 400:800]
    mixture = fit_mixture(points[[0, 400]], labels[[0, 400]], points[rows], 2, 2)
    np.testing.assert_allclose(mixture.shares, [0.2, 0.8], atol=0.03)


def test_points_on_a_line_are_no_failure() -> None:
    line = np.linspace(-1, 1, 40)[:, None] * np.ones((1, 3))
    mixture = fit_mixture(line[[0, -1]], np.array([0, 1]), line, 2, 3)
    assert np.isfinite(mixture.log_posterior(line)).all()


def test_the_sure_ones_are_taken_of_every_label_alike() -> None:
    # margins to the next label: 4, 1, 3 of label 0; 5, 2 of label 1
    scores = np.array([[0.0, -4], [0, -1], [0, -3], [-5, 0], [-2, 0]])
    rows, told = confident(scores, 0.8)
    assert rows.tolist() == [0, 2, 3, 4]
    assert told.tolist() == [0, 0, 1, 1]


def test_two_points_equally_sure_beyond_what_a_probability_shows_are_still_ranked() -> None:
    scores = np.array([[0.0, -900], [0, -800], [-1, 0], [-2, 0]])
    assert confident(scores, 0.5)[0].tolist() == [0, 3]

"""Whether a confidence of 90 % is right 90 % of the time: reliability diagram, expected calibration error, Brier score.

Bins are of equal width, which the board uses, or of equal mass, which leaves no bin with a handful of texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.evaluation.outcomes import Outcomes

BINS = 15
"""Equal-width confidence bins, as in Guo et al. (2017)."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """The curve of a reliability diagram, one entry per confidence bin; empty bins hold nan."""

    counts: NDArray[np.int64]
    """(bins,) texts whose confidence falls into the bin."""
    confidence: NDArray[np.float64]
    """(bins,) their mean confidence."""
    accuracy: NDArray[np.float64]
    """(bins,) the share of them that is right."""

    @property
    def error(self) -> float:
        """Expected calibration error, sum_b n_b/n |accuracy_b - confidence_b| (Naeini et al., 2015; Guo et al., 2017, eq. 5)."""
        held = self.counts > 0
        gaps = np.abs(self.accuracy[held] - self.confidence[held])
        return float(self.counts[held] @ gaps / self.counts.sum())


def confidence_bins(confidence: NDArray[np.float64], bins: int = BINS) -> NDArray[np.int64]:
    """Return the (n,) bin of each confidence; bin b is ((b)/bins, (b+1)/bins], right-closed as in Guo et al. (2017)."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def equal_mass_bins(confidence: NDArray[np.float64], bins: int = BINS) -> NDArray[np.int64]:
    """Return the (n,) bin of each confidence, about n / bins texts in each (Nguyen & O'Connor, 2015; Nixon et al., 2019).

    Equal confidences stay in one bin, so that the order of the texts plays no part; with many of them a bin may be empty.
    """
    held = len(confidence) * np.arange(1, bins) // bins
    ends = np.sort(confidence)[held[held > 0] - 1]
    return np.searchsorted(ends, confidence, side="left").astype(np.int64)


def reliability(outcomes: Outcomes, bins: int = BINS) -> Reliability:
    """Average confidence and correctness of the top label within `bins` equal-width bins of confidence."""
    return _curve(outcomes, confidence_bins(outcomes.confidence, bins), bins)


def reliability_by_mass(outcomes: Outcomes, bins: int = BINS) -> Reliability:
    """Average confidence and correctness of the top label within `bins` bins that hold about as many texts each."""
    return _curve(outcomes, equal_mass_bins(outcomes.confidence, bins), bins)


def _curve(outcomes: Outcomes, where: NDArray[np.int64], bins: int) -> Reliability:
    counts = np.bincount(where, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(where, weights=outcomes.confidence, minlength=bins) / counts
        accuracy = np.bincount(where, weights=outcomes.correct, minlength=bins) / counts
    return Reliability(counts.astype(np.int64), confidence, accuracy)


def pool(curves: list[Reliability]) -> Reliability:
    """Merge the curves of several seeds: bins are added up, so that each text counts once per seed."""
    counts = np.sum([c.counts for c in curves], axis=0)
    with np.errstate(invalid="ignore"):
        confidence = np.sum([np.nan_to_num(c.confidence) * c.counts for c in curves], axis=0) / counts
        accuracy = np.sum([np.nan_to_num(c.accuracy) * c.counts for c in curves], axis=0) / counts
    return Reliability(counts.astype(np.int64), confidence, accuracy)


def brier(outcomes: Outcomes) -> float:
    """Mean squared distance of the probabilities to the one-hot label, summed over classes: 0 ... 2 (Brier, 1950)."""
    probabilities = outcomes.probabilities.astype(np.float64)
    true = probabilities[np.arange(len(outcomes)), outcomes.labels]
    # sum_c (p_c - y_c)^2 = sum_c p_c^2 - 2 p_true + 1
    return float(np.mean((probabilities**2).sum(axis=1) - 2 * true + 1))

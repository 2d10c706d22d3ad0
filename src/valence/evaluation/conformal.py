"""Sets of labels that hold the true one as often as promised: split conformal prediction (Vovk et al., 2005; Lei et al., 2018).

    rule = fit_conformal(valid_probabilities, valid_labels, coverage=0.95)
    rule.sets(probabilities)                  (n, k), True for the labels in the set

The promise holds on average over draws of the fitting texts and of the new text, if the two are exchangeable and the
classifier was not fitted on either; it says nothing of one label or one kind of text alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadData, BadSetting
from valence.evaluation.uncertainty import Interval, wilson

Score = Literal["lac", "aps"]
"""`lac`: 1 - p(label), the smallest sets on average (Sadinle, Lei & Wasserman, 2019). `aps`: the sum of the probabilities down to
the label's, sets that grow where a text is hard (Romano, Sesia & Candes, 2020; without its randomisation, so never too small)."""


@dataclass(frozen=True, slots=True)
class Conformal:
    """Which labels belong into the set: those whose score is at most `threshold`."""

    score: Score
    coverage: float
    """What was promised: the share of sets that hold the true label, at least."""
    threshold: float
    """Infinite where there were too few texts for the promise: then every set holds every label."""
    n: int
    """Texts it was fitted on."""

    def sets(self, probabilities: NDArray[np.float32], *, never_empty: bool = True) -> NDArray[np.bool_]:
        """Return (n, k), True for the labels in the set.

        Args:
            probabilities: (n, k), rows sum to 1.
            never_empty: put the most probable label into a set that would be empty; that can only raise the coverage.
        """
        held: NDArray[np.bool_] = scores(probabilities, self.score) <= self.threshold
        if never_empty and len(held):
            rows = np.flatnonzero(~held.any(axis=1))
            held[rows, probabilities[rows].argmax(axis=1)] = True
        return held


def scores(probabilities: NDArray[np.float32], score: Score) -> NDArray[np.float64]:
    """Return (n, k): how strange each label would be for each text; labels of equal probability score alike."""
    p = probabilities.astype(np.float64)
    if score == "lac":
        return 1.0 - p
    # sum over the labels at least as probable as this one
    return np.stack([np.where(p >= p[:, [c]], p, 0.0).sum(axis=1) for c in range(p.shape[1])], axis=1)


def fit_conformal(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], *, coverage: float = 0.95, score: Score = "lac"
) -> Conformal:
    """Take the threshold from n texts that the classifier was not fitted on.

    It is the ceil((n + 1) coverage)-th smallest score of the true labels. The + 1 counts the new text among its equals:
    without it the promise would be broken by up to 1 / (n + 1) (Lei et al., 2018, sec. 2; Angelopoulos & Bates, 2023, sec. 1).

    Raises:
        BadSetting: the coverage is not between 0 and 1.
        BadData: no texts, or not one label per row.
    """
    if not 0 < coverage < 1:
        raise BadSetting(f"coverage = {coverage} is out of range. It must be above 0 and below 1.")
    n = len(labels)
    if n == 0 or n != len(probabilities):
        raise BadData(f"Conformal sets need one label per row of probabilities; got {n} labels, {len(probabilities)} rows.")
    true = np.sort(scores(probabilities, score)[np.arange(n), labels])
    rank = math.ceil((n + 1) * coverage - 1e-9)  # rounding must not lift a whole number to the next
    return Conformal(score, coverage, float(true[rank - 1]) if rank <= n else math.inf, n)


@dataclass(frozen=True, slots=True)
class SetFigures:
    """How n sets came out."""

    coverage: Interval
    """Share that holds the true label, with Wilson's interval over these texts."""
    mean_size: float
    """Labels per set."""
    sizes: tuple[float, ...]
    """Share of the sets with 0, 1, ... k labels."""
    by_label: tuple[float, ...]
    """Coverage among the texts of each true label; nan where there are none."""


def set_figures(sets: NDArray[np.bool_], labels: NDArray[np.int64]) -> SetFigures:
    """Count coverage and sizes of (n, k) sets against (n,) true labels."""
    n, k = sets.shape
    hit = sets[np.arange(n), labels]
    size = sets.sum(axis=1)
    by_label = tuple(float(hit[labels == c].mean()) if (labels == c).any() else float("nan") for c in range(k))
    return SetFigures(wilson(int(hit.sum()), n), float(size.mean()), tuple(np.bincount(size, minlength=k + 1) / n), by_label)

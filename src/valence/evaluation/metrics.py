"""Every figure of the board, with its direction and its meaning, and the checks that keep a collapsed run off it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from valence.errors import FailedRun
from valence.evaluation.calibration import reliability
from valence.evaluation.outcomes import Outcomes, grade

CLIP = 1e-7
"""Probabilities below this count as this in `log_loss`: float32 cannot tell 1 - 1e-8 from 1, and one certain error would be infinite."""
SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from summing to 1: four stored decimals and half precision both stay within."""
SAME = 1e-6
"""Probabilities that differ by less are the same: batches of other shapes round differently."""
COLLAPSE_AT = 10
"""Texts of the other classes that a constant answer must have missed to count as a collapse; a handful proves nothing."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: what it is called, which way is better, how it is computed, what it says."""

    name: str
    direction: Literal["higher", "lower"]
    """Which values are better."""
    function: Callable[[Outcomes], float]
    meaning: str
    """One sentence, shown beside the column."""


def accuracy(outcomes: Outcomes) -> float:
    """Share of the texts answered as labelled; an invalid answer is a wrong one."""
    return float(outcomes.correct.mean())


def confusion(outcomes: Outcomes) -> NDArray[np.int64]:
    """Count (k, k + 1): row is the true label, column the predicted one, the last column the invalid answers."""
    k = outcomes.probabilities.shape[1]
    answered = np.where(outcomes.valid, outcomes.predictions, k)
    return np.bincount(outcomes.labels * (k + 1) + answered, minlength=k * (k + 1)).reshape(k, k + 1).astype(np.int64)


def macro_f1_of(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean F1 over the classes that occur as label or answer, of each confusion table (..., k, k + 1)."""
    k = tables.shape[-2]
    hits = np.diagonal(tables, axis1=-2, axis2=-1).astype(np.float64)
    either = tables.sum(axis=-1) + tables.sum(axis=-2)[..., :k]  # labelled + answered as the class = 2 TP + FN + FP
    f1 = 2 * hits / np.maximum(either, 1)
    seen: NDArray[np.float64] = f1.sum(axis=-1) / np.maximum((either > 0).sum(axis=-1), 1)
    return seen


def macro_f1(outcomes: Outcomes) -> float:
    """Unweighted mean of the F1 of each class that occurs as label or answer."""
    return float(macro_f1_of(confusion(outcomes)))


def losses(outcomes: Outcomes) -> NDArray[np.float64]:
    """(n,) -ln of the true label's probability, in nats, clipped at 1e-7 (so at most 16.1)."""
    true = outcomes.probabilities[np.arange(len(outcomes)), outcomes.labels].astype(np.float64)
    return -np.log(np.clip(true, CLIP, 1.0))


def log_loss(outcomes: Outcomes) -> float:
    """Mean of `losses`, in nats."""
    return float(losses(outcomes).mean())


def ece(outcomes: Outcomes) -> float:
    """Expected calibration error of the top label over 15 equal-width bins (Naeini et al., 2015; Guo et al., 2017)."""
    return reliability(outcomes).error


def valid_rate(outcomes: Outcomes) -> float:
    """Share of the answers that name a label."""
    return float(outcomes.valid.mean())


def accuracy_valid(outcomes: Outcomes) -> float:
    """Accuracy among the valid answers; nan when there are none."""
    return float(outcomes.correct.sum() / outcomes.valid.sum()) if outcomes.valid.any() else float("nan")


METRICS: tuple[Metric, ...] = (
    Metric("accuracy", "higher", accuracy, "Share of the test texts answered as labelled; an invalid answer counts as wrong."),
    Metric(
        "macro_f1", "higher", macro_f1, "F1 of each class, averaged without weights, so that a rare class counts as much as a common one."
    ),
    Metric("log_loss", "lower", log_loss, "Mean of -ln(probability given to the true label), in nats; probabilities are clipped at 1e-7."),
    Metric("ece", "lower", ece, "Gap between confidence and accuracy, averaged over 15 equal-width bins of the top label's confidence."),
    Metric(
        "valid_rate", "higher", valid_rate, "Share of the answers that name a label; below 1 only for language models that answer in words."
    ),
    Metric("accuracy_valid", "higher", accuracy_valid, "Accuracy among the valid answers alone."),
)
"""Every metric, in the board's order."""


def score(labels: NDArray[np.int64], probabilities: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> dict[str, float]:
    """Compute every metric.

    Args:
        labels: (n,) true label of each text, 0 ... k-1.
        probabilities: (n, k), rows sum to 1.
        valid: (n,) whether the answer named a label; None when all do.

    Raises:
        BadData: no texts, lengths that differ, or a label outside 0 ... k-1.
    """
    return score_outcomes(grade(labels, probabilities, valid))


def score_outcomes(outcomes: Outcomes) -> dict[str, float]:
    """Compute every metric of answers that are graded already."""
    return {metric.name: metric.function(outcomes) for metric in METRICS}


def check_predictions(probabilities: NDArray[np.float32], n_labels: int) -> None:
    """Refuse what is no probability distribution over `n_labels` classes.

    Raises:
        FailedRun: another number of classes, a non-finite or negative value, or a row that does not sum to 1.
    """
    if probabilities.ndim != 2 or probabilities.shape[1] != n_labels:
        raise FailedRun(f"Predictions need {n_labels} probabilities per text; got an array of {probabilities.shape}.")
    broken = ~np.isfinite(probabilities.sum(axis=1))  # one nan or infinity makes the sum so
    if broken.any():
        raise FailedRun(f"Predictions must be finite; {_rows(broken)} not: lower the learning rate or clip the gradients.")
    total = probabilities.sum(axis=1, dtype=np.float64)
    off = (np.abs(total - 1) > SUM_TOLERANCE) | (probabilities < 0).any(axis=1)
    if off.any():
        row = int(off.argmax())
        raise FailedRun(f"Predictions must be probabilities that sum to 1; {_rows(off)} not (row {row} sums to {total[row]:.4g}).")


def find_collapse(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> str | None:
    """Say in one line why these answers are those of a collapsed network, or None.

    Collapsed is who gives the same probabilities to every text, or puts every text into one class, while the labels hold
    several and at least `COLLAPSE_AT` texts of the others were missed. A constant baseline collapses by design: the caller
    decides whom to ask about.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        return None
    n = len(labels)
    if np.ptp(probabilities, axis=0).max() < SAME:
        return f"All {n:,} texts got the same probabilities while the labels hold {len(classes)} classes: the network has collapsed."
    first = int(probabilities[0].argmax())
    if (probabilities.argmax(axis=1) == first).all() and np.count_nonzero(labels != first) >= COLLAPSE_AT:
        return f"All {n:,} texts got class {first} while the labels hold {len(classes)} classes: the network has collapsed."
    return None


def _rows(bad: NDArray[np.bool_]) -> str:
    """Say how many of the rows are bad: `3 of 25,000 rows are`."""
    count = int(bad.sum())
    return f"{count:,} of {len(bad):,} rows {'is' if count == 1 else 'are'}"

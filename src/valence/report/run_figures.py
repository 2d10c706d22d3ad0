"""What a page of one run shows of its predictions, added up while they are in memory: counts and bins, no text and no list of n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.evaluation.calibration import Reliability, reliability
from valence.evaluation.metrics import confusion
from valence.evaluation.outcomes import Outcomes, grade
from valence.evaluation.temperature import scale
from valence.evaluation.uncertainty import Interval
from valence.report.hardest import Wrong, most_wrong
from valence.store import RunRecord

HARDEST = 20
"""Confidently wrong texts named per run."""
BINS = 20
"""Of the histogram."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How the probabilities of a run are spread."""

    axis: str
    """What is counted."""
    edges: NDArray[np.float64]
    """(bins + 1,)"""
    names: tuple[str, ...]
    """Of the groups of texts."""
    counts: NDArray[np.int64]
    """(groups, bins)"""


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One finished run."""

    record: RunRecord
    figures: Mapping[str, Interval]
    """`accuracy`, `macro_f1`, `log_loss`, `ece` with 95 % intervals over the texts."""
    confusion: NDArray[np.int64]
    """(k, k + 1) row: true label; column: answer; the last column counts invalid answers."""
    curve: Reliability
    histogram: Histogram
    wrong: tuple[Wrong, ...]
    """The hardest first."""
    temperature: float | None = None
    """What `valence calibrate` found, where its report lies in the run's folder."""
    scaled: Reliability | None = None
    """The curve after scaling by it."""


def add_up(
    record: RunRecord, outcomes: Outcomes, figures: Mapping[str, Interval], ids: Sequence[str], temperature: float | None
) -> RunFigures:
    """Add up one run; `ids` are (n,) of the texts in the order of the outcomes."""
    return RunFigures(
        record=record,
        figures=figures,
        confusion=confusion(outcomes),
        curve=reliability(outcomes),
        histogram=histogram(outcomes, record.labels),
        wrong=most_wrong([outcomes], ids, record.labels, HARDEST),
        temperature=temperature,
        scaled=None if temperature is None else _scaled(outcomes, temperature),
    )


def _scaled(outcomes: Outcomes, temperature: float) -> Reliability:
    return reliability(grade(outcomes.labels, scale(outcomes.probabilities, temperature), outcomes.valid))


def histogram(outcomes: Outcomes, labels: Sequence[str]) -> Histogram:
    """Count the texts of either label by the second label's probability; of more labels, right and wrong answers by confidence."""
    if len(labels) == 2:
        values, groups = outcomes.probabilities[:, 1].astype(np.float64), [outcomes.labels == i for i in range(2)]
        names, axis = tuple(f"labelled {name}" for name in labels), f"probability of {labels[1]}"
    else:
        values, groups = outcomes.confidence, [outcomes.correct, ~outcomes.correct]
        names, axis = ("right", "wrong"), "probability of the answer"
    edges = np.linspace(0, 1, BINS + 1)
    counts = np.stack([np.histogram(np.clip(values[group], 0, 1), edges)[0] for group in groups])
    return Histogram(axis, edges, names, counts.astype(np.int64))


__all__ = ["Histogram", "RunFigures", "add_up", "histogram"]

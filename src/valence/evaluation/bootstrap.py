"""Bootstrap intervals of macro F1, log loss and calibration error, in milliseconds for 25,000 texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.evaluation.calibration import BINS, confidence_bins
from valence.evaluation.metrics import ece, log_loss, losses, macro_f1, macro_f1_of
from valence.evaluation.outcomes import Outcomes
from valence.evaluation.uncertainty import Interval

DRAWS = 1000
"""Resamples: the ends of a 95 % interval are then known to about 3 % of its width."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """The texts counted by (label, answer, confidence bin); only cells that hold any, c of them."""

    counts: NDArray[np.int64]
    """(c,)."""
    label: NDArray[np.int64]
    answer: NDArray[np.int64]
    """(c,) predicted label, or k where the answer is invalid."""
    bin: NDArray[np.int64]
    gap: tuple[NDArray[np.float64], NDArray[np.float64]]
    """(c,) mean and variance within the cell of confidence - correct."""
    loss: tuple[NDArray[np.float64], NDArray[np.float64]]
    """(c,) mean and variance within the cell of the log loss."""


def _cells(outcomes: Outcomes) -> _Cells:
    k = outcomes.probabilities.shape[1]
    bins = confidence_bins(outcomes.confidence)
    code = (outcomes.labels * (k + 1) + np.where(outcomes.valid, outcomes.predictions, k)) * BINS + bins
    size = k * (k + 1) * BINS
    counts = np.bincount(code, minlength=size)
    held = np.flatnonzero(counts)

    def moments(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        first = np.bincount(code, weights=values, minlength=size)[held] / counts[held]
        second = np.bincount(code, weights=values**2, minlength=size)[held] / counts[held]
        return first, np.maximum(second - first**2, 0.0)

    pair = held // BINS
    gap, loss = moments(outcomes.confidence - outcomes.correct), moments(losses(outcomes))
    return _Cells(counts[held].astype(np.int64), pair // (k + 1), pair % (k + 1), held % BINS, gap, loss)


def bootstrap_intervals(
    outcomes: Outcomes, *, figures: Mapping[str, float] | None = None, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval]:
    """Percentile intervals (Efron, 1979) of `macro_f1`, `log_loss` and `ece` over other draws of the test texts.

    To resample n texts and count them by (label, answer, confidence bin) is to draw one multinomial over these cells, so
    macro F1 is resampled exactly. The sums of confidence and of loss over the m resampled texts of a cell are drawn from
    the normal of their exact mean and variance, m mu and m sigma^2.

    Resampling adds noise to every bin's gap and so pushes each resampled `ece` up; its interval is shifted down by that
    bias, which centres it on the figure it belongs to, and ends at 0.

    Args:
        outcomes: the graded answers.
        figures: the three metrics where they are computed already.
        level: confidence level.
        draws: resamples.
        seed: of the resampling.
    """
    cells = _cells(outcomes)
    rng = np.random.default_rng(seed)
    n, k = len(outcomes), outcomes.probabilities.shape[1]
    drawn = rng.multinomial(n, cells.counts / n, size=draws)
    samples = {
        "macro_f1": macro_f1_of(_tables(drawn, cells, k)),
        "log_loss": _sums(rng, drawn, cells.loss, np.ones((len(cells.counts), 1)))[:, 0] / n,
        "ece": np.abs(_sums(rng, drawn, cells.gap, _indicator(cells.bin, BINS))).sum(axis=1) / n,
    }
    values = figures or {"macro_f1": macro_f1(outcomes), "log_loss": log_loss(outcomes), "ece": ece(outcomes)}
    tails = [50 * (1 - level), 50 * (1 + level)]
    return {name: _percentiles(values[name], sample, tails, centre=name == "ece") for name, sample in samples.items()}


def _percentiles(value: float, sample: NDArray[np.float64], tails: list[float], *, centre: bool) -> Interval:
    low, high = np.percentile(sample, tails)
    shift = float(sample.mean()) - value if centre else 0.0
    return Interval(value, max(0.0, float(low) - shift), max(0.0, float(high) - shift))


def _tables(drawn: NDArray[np.int64], cells: _Cells, k: int) -> NDArray[np.int64]:
    """Return the (draws, k, k + 1) confusion table of each draw."""
    table = drawn @ _indicator(cells.label * (k + 1) + cells.answer, k * (k + 1))
    return np.rint(table).astype(np.int64).reshape(-1, k, k + 1)


def _sums(
    rng: np.random.Generator,
    drawn: NDArray[np.int64],
    moments: tuple[NDArray[np.float64], NDArray[np.float64]],
    groups: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Draw the (draws, g) sums of a value over the texts of each group of cells; `groups` is (c, g), a one where a cell belongs."""
    mean, variance = (drawn @ (moment[:, None] * groups) for moment in moments)
    return mean + rng.standard_normal(mean.shape) * np.sqrt(variance)


def _indicator(column: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Return the (c, width) matrix with a one at each cell's column, by which counts are added up."""
    matrix = np.zeros((len(column), width))
    matrix[np.arange(len(column)), column] = 1.0
    return matrix

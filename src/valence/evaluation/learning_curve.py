"""What a learning curve says in one number: the area under it, and the labels it takes to reach an accuracy.

Both read the curve between its measured sizes as straight over log2 N, as it is drawn: a doubling of the labels is one
step. The interval of either is what the interval drawn around the curve says of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from valence.errors import BadData
from valence.evaluation.uncertainty import Interval


@dataclass(frozen=True, slots=True)
class Needed:
    """How many labels it takes to reach an accuracy; None where the curve does not reach it at the sizes measured."""

    target: float
    value: float | None
    """Where the mean first reaches the target."""
    low: float | None
    """Where the upper end of the interval does."""
    high: float | None
    """Where the lower end of the interval does: from here on the target is reached with confidence."""
    smallest: float
    """The smallest size measured: a value equal to it means so many labels or fewer."""
    largest: float
    """The largest size measured."""


def area(sizes: Sequence[float], accuracies: Sequence[Interval], low: float, high: float) -> Interval:
    """Return the area under the curve over log2 N from `low` to `high`, divided by its width: the mean accuracy per doubling.

    The ends are the areas under the ends of the interval. That takes the errors at all sizes as one, which texts shared by
    all sizes and nested samples come near to, and is a little wide rather than narrow.

    Args:
        sizes: (m,) labelled texts, ascending, at least two.
        accuracies: (m,) with their intervals.
        low: labelled texts from which on the area counts; within the sizes.
        high: up to which; above `low`.

    Raises:
        BadData: fewer than two sizes, sizes not ascending, or ends outside them.
    """
    x = _steps(sizes, accuracies)
    if not (len(x) >= 2 and sizes[0] <= low < high <= sizes[-1]):
        raise BadData(f"An area needs two sizes at least and ends within them; got {list(sizes)} and {low:g} to {high:g}.")
    ends = np.log2([low, high])
    inside = np.concatenate([ends[:1], x[(x > ends[0]) & (x < ends[1])], ends[1:]])
    widths = np.diff(inside) / (ends[1] - ends[0])
    found = [np.interp(inside, x, [getattr(a, name) for a in accuracies]) for name in ("value", "low", "high")]
    return Interval(*(float(widths @ (y[1:] + y[:-1])) / 2 for y in found))


def crossing(sizes: Sequence[float], values: Sequence[float], target: float) -> float | None:
    """Return the smallest N at which the curve reaches `target`, None where it does not; the first size where it starts above."""
    x = np.log2(np.asarray(sizes, dtype=float))
    for i, value in enumerate(values):
        if value >= target:
            if i == 0:
                return float(sizes[0])
            share = (target - values[i - 1]) / (value - values[i - 1])
            return float(2 ** (x[i - 1] + share * (x[i] - x[i - 1])))
    return None


def labels_needed(sizes: Sequence[float], accuracies: Sequence[Interval], target: float) -> Needed:
    """Return where the curve and the two ends of its interval first reach `target`.

    Reading the interval of N off the band around the curve is the inversion usual in calibration (Eisenhart, 1939,
    doi:10.1214/aoms/1177732214); with several seeds the band covers other seeds and other texts, with one other texts only.

    Raises:
        BadData: no sizes, or sizes not ascending.
    """
    _steps(sizes, accuracies)
    if not len(sizes):
        raise BadData("Labels needed: the curve has no size of known length.")
    value, low, high = (crossing(sizes, [getattr(a, name) for a in accuracies], target) for name in ("value", "high", "low"))
    return Needed(target, value, low, high, float(sizes[0]), float(sizes[-1]))


def _steps(sizes: Sequence[float], accuracies: Sequence[Interval]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return log2 of the sizes."""
    if len(sizes) != len(accuracies) or any(a >= b for a, b in pairwise(sizes)):
        raise BadData(f"A curve needs ascending sizes and an accuracy for each; got {list(sizes)} and {len(accuracies)} accuracies.")
    return np.log2(np.asarray(sizes, dtype=np.float64))


__all__ = ["Needed", "area", "crossing", "labels_needed"]

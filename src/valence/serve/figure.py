"""A figure with its interval, as JSON."""

from __future__ import annotations

from valence.evaluation.uncertainty import Interval
from valence.types import Settings


class Figure(Settings):
    """A figure and its 95 % interval."""

    value: float
    """The figure."""
    low: float | None
    """Lower end of the interval; null where it is unknown."""
    high: float | None
    """Upper end of the interval; null where it is unknown."""


def figure(interval: Interval, *, known: bool = True) -> Figure:
    """Return an interval as JSON has it; only its value where the ends are not `known`."""
    return Figure(value=interval.value, low=interval.low if known else None, high=interval.high if known else None)


__all__ = ["Figure", "figure"]

"""A run's history as series over the training steps, thinned to what a plot can show; what was not finite stays marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

MOST = 300
"""Points kept of a series; more are averaged in even stretches."""
EPOCHS = 60
"""Rows of the table of epochs; of more the last ones are kept."""
Point = tuple[int, float | None]
"""Step and value; None where it was not finite."""


@dataclass(frozen=True, slots=True)
class Series:
    """One figure over the steps."""

    name: str
    kind: str
    """`share` for figures in percent, `pretraining` for what came before the labels, `loss` for all others."""
    points: tuple[Point, ...]

    @property
    def valid(self) -> bool:
        """Whether it was measured on the texts held out."""
        return self.name.startswith("valid")


@dataclass(frozen=True, slots=True)
class History:
    """What a run wrote down while it trained."""

    series: tuple[Series, ...]
    """In the order in which they first occur."""
    epochs: tuple[Mapping[str, float], ...]
    """The rows that close an epoch, or hold figures of the held-out texts."""

    @property
    def broken(self) -> int:
        """How many values were not finite."""
        return sum(value is None for s in self.series for _, value in s.points)


def history(rows: Sequence[Mapping[str, float]]) -> History:
    """Read the rows of `RunStore.history`: `step`, often `epoch`, and any figures by name."""
    points: dict[str, list[Point]] = {}
    for row in rows:
        for name, value in row.items():
            if name in {"step", "epoch"} or isinstance(value, bool) or not isinstance(value, int | float | None):
                continue
            points.setdefault(name, []).append((int(row.get("step", 0)), None if value is None or not isfinite(value) else float(value)))
    closing = [row for row in rows if "epoch" in row or any(name.startswith("valid") for name in row)]
    return History(tuple(Series(name, _kind(name), thin(found)) for name, found in points.items()), tuple(closing[-EPOCHS:]))


def _kind(name: str) -> str:
    if name.startswith("pretraining"):
        return "pretraining"
    return "share" if name.endswith(("accuracy", "f1")) else "loss"


def thin(points: Sequence[Point], most: int = MOST) -> tuple[Point, ...]:
    """Average even stretches of a long series; points that were not finite are kept, the first twenty of them."""
    finite = [(step, value) for step, value in points if value is not None]
    broken: list[Point] = [point for point in points if point[1] is None][:20]
    if len(finite) > most:
        stretches = np.array_split(np.array(finite), most)
        finite = [(int(s[-1, 0]), float(s[:, 1].mean())) for s in stretches]
    return tuple(sorted([*finite, *broken], key=lambda point: point[0]))


__all__ = ["History", "Series", "history", "thin"]

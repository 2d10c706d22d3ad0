"""What a cascade costs and how often it is right, at every threshold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valence.evaluation.outcomes import grade
from valence.evaluation.selective import Deferral, deferral
from valence.store import RunRecord

POINTS = 200
"""Points of the curve that are kept, evenly spread over the share of texts passed on."""


@dataclass(frozen=True, slots=True)
class Point:
    """A cascade at one threshold, on the scored texts."""

    threshold: float
    share: float
    """Texts passed on to the second member."""
    accuracy: float
    cost: float | None
    """Mean time per text over that of the second member alone; None where a speed is unknown."""


@dataclass(frozen=True, slots=True)
class CascadeCurve:
    """Accuracy against cost on the scored texts, from the first member alone to the second alone."""

    members: tuple[str, str]
    points: tuple[Point, ...]
    chosen: Point
    """At the threshold that was chosen on the held-out texts."""
    price: float | None
    """Time per text of the first member over that of the second."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values; shares, not percentages."""
        return asdict(self)


def relative_price(first: RunRecord, second: RunRecord) -> float | None:
    """Return the time per text of the first over that of the second, from the records' `texts_per_second`; None if unknown."""
    speeds = first.cost.texts_per_second, second.cost.texts_per_second
    return speeds[1] / speeds[0] if speeds[0] and speeds[1] else None


def cascade_curve(
    answers: NDArray[np.float32], labels: NDArray[np.int64], records: tuple[RunRecord, RunRecord], threshold: float
) -> CascadeCurve:
    """Trace the curve of two members' (2, n, k) answers to n labelled texts; `threshold` is the one chosen elsewhere."""
    first, second = (grade(labels, answer) for answer in answers)
    found = deferral(first, second)
    price = relative_price(*records)
    entries = dict.fromkeys(found.nearest(share) for share in np.linspace(0, 1, POINTS + 1))
    points = tuple(_point(found, entry, price) for entry in entries)
    at = _point(found, found.nearest(float((first.confidence <= threshold).mean())), price)
    return CascadeCurve((records[0].id, records[1].id), points, Point(threshold, at.share, at.accuracy, at.cost), price)


def _point(found: Deferral, entry: int, price: float | None) -> Point:
    share = float(found.share[entry])
    return Point(float(found.threshold[entry]), share, float(found.accuracy[entry]), None if price is None else price + share)

"""Which rows are worth their cost: those that no other row beats on every count."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def undominated(accuracy: ArrayLike, fit_seconds: ArrayLike, texts_per_second: ArrayLike) -> NDArray[np.bool_]:
    """Mark the rows on the Pareto front of accuracy (higher), fit_seconds (lower) and texts_per_second (higher).

    A row is dominated when another is at least as good on all three and better on one. A row with an unknown (nan) cost
    is neither on the front nor dominates anyone: outside predictions come without costs.

    Args:
        accuracy: (rows,).
        fit_seconds: (rows,) wall time of the fit.
        texts_per_second: (rows,) at prediction.

    Returns:
        (rows,) True on the front.
    """
    columns = (np.asarray(accuracy, float), -np.asarray(fit_seconds, float), np.asarray(texts_per_second, float))
    gains = np.stack(columns, axis=1).reshape(-1, 3)
    known = ~np.isnan(gains).any(axis=1)
    front: NDArray[np.bool_] = known.copy()
    for row in np.flatnonzero(known):
        others = gains[known]
        beaten = (others >= gains[row]).all(axis=1) & (others > gains[row]).any(axis=1)
        front[row] = not beaten.any()
    return front


def front_line(accuracy: ArrayLike, cost: ArrayLike, *, cheaper: str = "lower") -> NDArray[np.intp]:
    """Return the rows on the front of accuracy against one cost, from the cheapest to the most expensive, for drawing.

    Args:
        accuracy: (rows,).
        cost: (rows,) nan where unknown.
        cheaper: `lower` when small costs are good (seconds), `higher` when large ones are (texts per second).
    """
    gain, price = np.asarray(accuracy, float), np.asarray(cost, float) * (1 if cheaper == "lower" else -1)
    known = np.flatnonzero(~np.isnan(gain) & ~np.isnan(price))
    kept: list[int] = []
    for row in known[np.lexsort((-gain[known], price[known]))]:
        if not kept or gain[row] > gain[kept[-1]]:
            kept.append(int(row))
    return np.array(kept, dtype=np.intp)

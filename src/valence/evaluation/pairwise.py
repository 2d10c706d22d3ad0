"""Every row against every other in one go: the tests of `paired.compare` by matrix products, for boards of a thousand rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.errors import Mismatch
from valence.evaluation.paired import Tally, holm, mcnemar

BLOCK = 2048
"""Texts multiplied at a time: 8 MB of float32 for 1,000 rows."""


@dataclass(frozen=True, slots=True)
class AllPairs:
    """Every row against every other."""

    difference: NDArray[np.float64]
    """(rows, rows) accuracy of the row minus that of the column."""
    p: NDArray[np.float64]
    """(rows, rows) two-sided, unadjusted; 1 on the diagonal."""
    p_adjusted: NDArray[np.float64]
    """(rows, rows) Holm's over the rows (rows - 1) / 2 pairs; 1 on the diagonal."""


def all_pairs(tallies: Sequence[Tally]) -> AllPairs:
    """Run the test of `paired.compare` on every pair of rows; beyond the tallies, memory does not grow with the texts.

    With h_a the hits of row a, S_a its seeds: sum_i d_i^2 = |h_a|^2/S_a^2 + |h_b|^2/S_b^2 - 2 h_a.h_b / (S_a S_b), so the
    matrix of products h_a.h_b holds all that the tests need, McNemar's counts too.

    Raises:
        Mismatch: the rows were scored on different numbers of texts.
    """
    rows, n = len(tallies), len(tallies[0].hits) if tallies else 0
    if any(len(t.hits) != n for t in tallies):
        raise Mismatch("Paired tests need the same texts for every row; align them by id first.")
    seeds = np.array([t.spread.n_seeds for t in tallies], dtype=np.float64)
    products = _products(tallies) / np.outer(seeds, seeds)
    mean = np.array([t.hits.sum(dtype=np.int64) for t in tallies]) / seeds / max(n, 1)
    upper = np.triu_indices(rows, 1)
    p = _pair_p(tallies, products, mean, *upper)
    return AllPairs(mean[:, None] - mean[None, :], _symmetric(p, rows), _symmetric(holm(p), rows))


def _symmetric(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Return the (rows, rows) matrix with `values` above and below its diagonal of ones."""
    matrix = np.ones((rows, rows))
    upper = np.triu_indices(rows, 1)
    matrix[upper] = values
    matrix.T[upper] = values
    return matrix


def _products(tallies: Sequence[Tally]) -> NDArray[np.float64]:
    """Return the (rows, rows) matrix of h_a.h_b; a block's sums stay below 2^24, so float32 holds them exactly up to 90 seeds."""
    total = np.zeros((len(tallies), len(tallies)))
    for start in range(0, len(tallies[0].hits) if tallies else 0, BLOCK):
        block = np.stack([t.hits[start : start + BLOCK] for t in tallies]).astype(np.float32)
        total += block @ block.T
    return total


def _pair_p(
    tallies: Sequence[Tally],
    products: NDArray[np.float64],
    mean: NDArray[np.float64],
    a: NDArray[np.intp],
    b: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the p of each pair (a, b): McNemar's between rows of one seed, the t test's elsewhere."""
    from scipy.special import stdtr

    n, difference = len(tallies[0].hits) if tallies else 0, mean[a] - mean[b]
    squares = np.diag(products)
    extra = np.array([t.spread.seeds for t in tallies])
    noise = np.array([t.spread.seed_squares**2 / (t.spread.n_seeds - 1) if t.spread.seeds else 0.0 for t in tallies])
    texts = np.maximum((squares[a] + squares[b] - 2 * products[a, b]) / max(n, 1) - difference**2, 0.0) / max(n - 1, 1)
    total = texts + extra[a] + extra[b]
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.minimum(total**2 / (texts**2 / max(n - 1, 1) + noise[a] + noise[b]), 1e9)
        p: NDArray[np.float64] = 2 * stdtr(freedom, -np.abs(difference) / np.sqrt(total))
    p = np.where(total > 0, p, np.where(difference == 0, 1.0, 0.0))
    one = np.array([t.spread.n_seeds == 1 for t in tallies], dtype=np.bool_)
    single = one[a] & one[b]
    # of one seed, hits are 0 or 1 and so their own squares: |h_a|^2 - h_a.h_b texts were right in a only
    i, j = a[single], b[single]
    p[single] = mcnemar(np.rint(squares[i] - products[i, j]).astype(np.intp), np.rint(squares[j] - products[i, j]).astype(np.intp))
    return p

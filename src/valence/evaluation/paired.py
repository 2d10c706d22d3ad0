"""Whether one row is better than another on the same texts: paired tests, their intervals, and Holm's adjustment.

The texts are the same for both rows, so what they share cancels and far smaller differences show than two separate
intervals would suggest. Texts are paired by position here: align them by id first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from valence.errors import Mismatch
from valence.evaluation.uncertainty import Spread, satterthwaite, spread, t_quantile

FEW = 25
"""With fewer discordant texts McNemar's test is exact; from here on mid-p, which is less conservative and still keeps its level."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a row got right, over its seeds: all that a paired test needs, one byte per text."""

    hits: NDArray[np.uint8]
    """(n,) seeds that answered the text correctly."""
    spread: Spread


def tally(correct: NDArray[np.bool_]) -> Tally:
    """Condense (seeds, texts) correctness, at most 255 seeds."""
    return Tally(correct.sum(axis=0, dtype=np.uint8), spread(correct))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row against another."""

    difference: float
    """Accuracy of the first minus that of the second."""
    low: float
    high: float
    only_first: int
    """Texts that the first got right and the second did not (with several seeds: that more of its seeds, in share, got right)."""
    only_second: int
    p: float
    """Two-sided."""
    p_adjusted: float
    """Holm's, over the comparisons made together; equal to `p` for a single one."""
    test: str
    """`exact McNemar`, `mid-p McNemar` or `paired t over seeds and texts`."""


def mcnemar(only_first: ArrayLike, only_second: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p of McNemar's test: exact below 25 discordant texts, mid-p from there on (Fagerland, Lydersen & Laake, 2013).

    Under the null the smaller count is binomial(b + c, 1/2). Exact: P(at least as extreme). Mid-p: P(more extreme) +
    P(equally extreme) / 2. No discordant texts give 1.

    Args:
        only_first: texts that only the first row got right; of any shape.
        only_second: texts that only the second row got right; of the same shape.
    """
    from scipy.special import bdtr
    from scipy.stats import binom

    b, c = np.asarray(only_first, dtype=np.intp), np.asarray(only_second, dtype=np.intp)
    few, total = np.minimum(b, c), b + c
    exact = np.minimum(2 * bdtr(few.astype(np.float64), total, 0.5), 1.0)
    equally = np.where(b == c, 1.0, 2.0) * binom.pmf(few, total, 0.5)
    p: NDArray[np.float64] = np.where(total < FEW, exact, exact - equally / 2)
    return p


def _t_test(mean: float, texts: float, n: int, spreads: Sequence[Spread]) -> tuple[float, float, float]:
    """Return p, the variance of the difference and its degrees of freedom (see `compare`)."""
    from scipy.special import stdtr

    total = texts + sum(s.seeds for s in spreads)
    parts = [(texts, n - 1.0)] + [(s.seed_squares if s.seeds else 0.0, s.n_seeds - 1.0) for s in spreads]
    freedom = satterthwaite(total, parts)
    if total <= 0:
        return (1.0 if mean == 0 else 0.0), 0.0, freedom
    return float(2 * stdtr(min(freedom, 1e9), -abs(mean) / np.sqrt(total))), total, freedom


def compare(first: Tally, second: Tally, level: float = 0.95) -> Comparison:
    """Test the difference of two rows on the same texts.

    One seed each: McNemar's test, which speaks of these two fitted models, with the interval of Bonett & Price (2012).
    Otherwise a t test of the mean over texts of the difference between the shares of seeds that were right,

        Var = var_i(d_i) / n  +  seed variance of the first  +  seed variance of the second

    with the seed variances of `spread` and Satterthwaite's degrees of freedom: it speaks of the two methods, for other
    texts and other seeds (the seeds of the two rows are taken as independent). A row with one seed adds no seed variance.

    Raises:
        Mismatch: the rows were scored on different numbers of texts.
    """
    n = len(first.hits)
    if n != len(second.hits):
        raise Mismatch(f"A paired test needs the same texts for both rows; got {n} and {len(second.hits)}.")
    seeds = first.spread.n_seeds, second.spread.n_seeds
    d = first.hits / seeds[0] - second.hits / seeds[1]
    mean, only_first, only_second = float(d.mean()), int((d > 1e-12).sum()), int((d < -1e-12).sum())
    if seeds == (1, 1):
        p = float(mcnemar(only_first, only_second))
        low, high = _bonett_price(only_first, only_second, n, level)
        test = "exact McNemar" if only_first + only_second < FEW else "mid-p McNemar"
    else:
        p, variance, freedom = _t_test(mean, float(d.var()) / max(n - 1, 1), n, (first.spread, second.spread))
        half = t_quantile(level, freedom) * float(np.sqrt(variance))
        low, high, test = mean - half, mean + half, "paired t over seeds and texts"
    return Comparison(mean, min(low, mean), max(high, mean), only_first, only_second, p, p, test)


def _bonett_price(b: int, c: int, n: int, level: float) -> tuple[float, float]:
    """Interval of a difference of paired proportions, with one pseudo-text in each discordant cell (Bonett & Price, 2012)."""
    p12, p21 = (b + 1) / (n + 2), (c + 1) / (n + 2)
    centre = p12 - p21
    half = t_quantile(level, float("inf")) * float(np.sqrt((p12 + p21 - centre**2) / (n + 2)))
    return max(-1.0, centre - half), min(1.0, centre + half)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust (m,) p-values for having been looked at together (Holm, 1979); the family-wise error keeps the level of one test."""
    raw = np.asarray(p, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate((len(raw) - np.arange(len(raw))) * raw[order])
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def compare_pairs(tallies: Sequence[Tally], pairs: Sequence[tuple[int, int]], level: float = 0.95) -> list[Comparison]:
    """Compare the rows at each pair of indices, adjusted by Holm over these pairs."""
    found = [compare(tallies[a], tallies[b], level) for a, b in pairs]
    return [replace(c, p_adjusted=float(q)) for c, q in zip(found, holm([c.p for c in found]), strict=True)]

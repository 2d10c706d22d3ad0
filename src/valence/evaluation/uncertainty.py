"""How far a figure may be from what other texts, and other seeds, would have given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadData


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the ends of its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of a mean over S seeds and n texts, taken apart (both sampled, and crossed: every seed met every text)."""

    texts: float
    """Variance of the mean due to which texts were drawn, residual included."""
    seeds: float
    """Extra variance due to which seeds were drawn; 0 for one seed, of which nothing can be known."""
    seed_squares: float
    """Mean square between seeds over nS, whose S - 1 degrees of freedom limit what is known of `seeds`."""
    n: int
    n_seeds: int

    @property
    def total(self) -> float:
        """Variance of the mean."""
        return self.texts + self.seeds

    @property
    def freedom(self) -> float:
        """Degrees of freedom of `total` (Satterthwaite, 1946; for crossed readers and cases Hillis, 2007, eq. 7)."""
        return satterthwaite(self.total, [(self.texts, self.n - 1), (self.seed_squares if self.seeds else 0.0, self.n_seeds - 1)])


def satterthwaite(total: float, parts: list[tuple[float, float]]) -> float:
    """Effective degrees of freedom of a variance `total` estimated from mean squares: total^2 / sum_j part_j^2 / df_j."""
    noise = sum(value**2 / freedom for value, freedom in parts if value > 0 and freedom > 0)
    return total**2 / noise if noise > 0 else float("inf")


@lru_cache(maxsize=4096)
def t_quantile(level: float, freedom: float) -> float:
    """Two-sided quantile of Student's t; the normal one for infinite `freedom`."""
    from scipy.special import ndtri, stdtrit

    tail = 0.5 + level / 2
    return float(ndtri(tail) if np.isinf(freedom) else stdtrit(max(freedom, 1.0), tail))


def wilson(successes: float, n: float, level: float = 0.95, freedom: float = float("inf")) -> Interval:
    """Interval of a proportion (Wilson, 1927): it keeps its level near 0 and 1, where the textbook one does not.

    Args:
        successes: right answers.
        n: answers; both may be fractional (an effective sample).
        level: confidence level.
        freedom: degrees of freedom; finite ones take Student's quantile instead of the normal one.

    Raises:
        BadData: `n` is not positive.
    """
    if n <= 0:
        raise BadData(f"A proportion needs at least one answer; got {n}.")
    p, z2 = successes / n, t_quantile(level, freedom) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = float(np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))) / (1 + z2 / n)
    # rounding must not push 0 of n, or n of n, past the ends
    return Interval(p, min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half)))


def spread(correct: NDArray[np.bool_]) -> Spread:
    """Take apart the variance of the mean of `correct`: (seeds, texts).

    Two-way analysis of variance without replication, both factors random (Cornfield & Tukey, 1956):

        Var(mean) = (MS_texts + max(MS_seeds - MS_residual, 0)) / (S n)

    the estimator of multi-reader multi-case studies (Dorfman, Berbaum & Metz, 1992; Hillis, 2007) with seeds as readers.
    """
    s, n = correct.shape
    per_text = correct.sum(axis=0, dtype=np.int64) / s
    mean = float(per_text.mean())
    texts = float(((per_text - mean) ** 2).sum())
    if s == 1 or n == 1:
        return Spread(texts / max(n - 1, 1) / n, 0.0, 0.0, n, s)
    between = float(((correct.mean(axis=1) - mean) ** 2).sum())
    residual = max(s * n * mean * (1 - mean) - s * texts - n * between, 0.0) / ((n - 1) * (s - 1))
    squares = n * between / (s - 1)
    return Spread(texts / (n - 1) / n, max(squares - residual, 0.0) / (n * s), squares / (n * s), n, s)


def accuracy_interval(correct: NDArray[np.bool_], level: float = 0.95) -> Interval:
    """Interval of the mean accuracy over seeds, for other texts and other seeds of the same method.

    With one seed it is Wilson's, and says nothing of other seeds. With several it is Wilson's at the effective sample size
    n* = m (1 - m) / Var(mean) with Student's quantile (Dean & Pagano, 2015, for clustered samples), Var(mean) and its
    degrees of freedom from `spread`.

    Args:
        correct: (seeds, texts), texts in the same order for each seed.
        level: confidence level.
    """
    s, n = correct.shape
    mean = float(correct.mean())
    if s == 1:
        return wilson(mean * n, n, level)
    parts = spread(correct)
    if parts.total <= 0:  # every seed answered every text alike: all right or all wrong
        return wilson(mean * n, n, level)
    effective = mean * (1 - mean) / parts.total
    return wilson(mean * effective, effective, level, parts.freedom)


def mean_interval(runs: list[Interval], level: float = 0.95) -> Interval:
    """Interval of a mean over seeds from each seed's own interval (which covers the texts alone).

    Var = mean squared half-width / z^2 + s^2 / S, and Student's quantile at Satterthwaite's degrees of freedom; the two
    sides are kept apart, since a bootstrap interval need not be symmetric. The text part is taken as common to all seeds,
    and s^2 / S holds some of it too: the interval is a little wide rather than narrow.
    """
    if len(runs) == 1:
        return runs[0]
    values = np.array([r.value for r in runs])
    mean, between, z = float(values.mean()), float(values.var(ddof=1)) / len(runs), t_quantile(level, float("inf"))
    ends = []
    for halves in ([r.value - r.low for r in runs], [r.high - r.value for r in runs]):
        texts = float(np.mean(np.square(halves))) / z**2
        freedom = satterthwaite(texts + between, [(between, len(runs) - 1)])
        ends.append(t_quantile(level, freedom) * float(np.sqrt(texts + between)))
    return Interval(mean, mean - ends[0], mean + ends[1])

"""Labels for texts without one, from where the texts lie: a mixture of Gaussians, one per label, that share a covariance.

The few labelled texts say which heap is which label, the many unlabelled ones where the heaps are (Dempster et al., 1977;
Nigam et al., 2000, doi:10.1023/A:1007692713085).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PASSES = 100
"""Passes of expectation and maximisation; on a few thousand texts a pass takes about a millisecond."""
RIDGE = 1e-9
"""Added to the variances, so that a direction without any has an inverse."""

Rows = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Mixture:
    """A linear discriminant over the leading directions of embeddings."""

    centre: NDArray[np.float64]
    """(width,) mean of the unlabelled texts."""
    directions: NDArray[np.float64]
    """(width, components) principal directions of the unlabelled texts."""
    means: NDArray[np.float64]
    """(labels, components)"""
    covariance: NDArray[np.float64]
    """(components, components), shared by the labels."""
    shares: NDArray[np.float64]
    """(labels,) of the texts; they sum to 1."""

    def log_posterior(self, embeddings: Rows) -> NDArray[np.float64]:
        """Return (n, labels) log-probabilities of the labels."""
        return _log_posterior((embeddings - self.centre) @ self.directions, self.means, self.covariance, self.shares)


def fit_mixture(labelled: Rows, labels: NDArray[np.int64], unlabelled: Rows, classes: int, components: int) -> Mixture:
    """Fit by expectation and maximisation, from the means of the labelled texts on; their own labels stay what they are.

    Args:
        labelled: (n, width); every label occurs.
        labels: (n,)
        unlabelled: (m, width)
        classes: number of labels.
        components: principal directions that are kept, fewer where there are fewer.
    """
    centre = unlabelled.mean(axis=0, dtype=np.float64)
    directions = np.linalg.svd(unlabelled - centre, full_matrices=False)[2][:components].T
    known, others = (np.asarray((part - centre) @ directions) for part in (labelled, unlabelled))
    rows, sure = np.concatenate([known, others]), np.eye(classes)[labels]
    means = np.stack([known[labels == c].mean(axis=0) for c in range(classes)])
    covariance = np.cov(others, rowvar=False).reshape(len(directions.T), -1) + RIDGE * np.eye(len(directions.T))
    shares = np.full(classes, 1 / classes)
    for _ in range(PASSES):
        weights = np.concatenate([sure, np.exp(_log_posterior(others, means, covariance, shares))])
        total = weights.sum(axis=0)
        means, shares = weights.T @ rows / total[:, None], total / total.sum()
        between = (means * shares[:, None]).T @ means
        covariance = rows.T @ rows / len(rows) - between + RIDGE * np.eye(len(covariance))
    return Mixture(centre, directions, means, covariance, shares)


def confident(log_posterior: NDArray[np.float64], share: float) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the rows that are surest of their label, of every label as nearly the same number, and those labels.

    Args:
        log_posterior: (n, labels)
        share: of the n rows.
    """
    told, classes = log_posterior.argmax(axis=1), log_posterior.shape[1]
    # the margin to the next label: a log-probability alone is 0 for all that are sure, and would not rank them
    margin = log_posterior.max(axis=1) - np.partition(log_posterior, -2, axis=1)[:, -2]
    rows = []
    for label in range(classes):
        own = np.flatnonzero(told == label)
        rows.append(own[np.argsort(-margin[own], kind="stable")][: int(share * len(told) / classes)])
    chosen = np.concatenate(rows)
    return chosen, told[chosen].astype(np.int64)


def _log_posterior(
    rows: NDArray[np.float64], means: NDArray[np.float64], covariance: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (n, labels); what the labels share, the quadratic term, falls out (Hastie et al., 2009, eq. 4.10)."""
    solved = np.linalg.solve(covariance, means.T)
    scores = rows @ solved - 0.5 * np.einsum("kd,dk->k", means, solved) + np.log(np.maximum(shares, 1e-300))
    scores -= scores.max(axis=1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))


__all__ = ["Mixture", "confident", "fit_mixture"]

"""A linear model over n-gram counts: how counts are weighted, and what the weighted counts say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import log_expit, softmax

Floats = NDArray[np.float32]

Weighting = Literal["tfidf", "presence", "share"]
"""(1 + log count) * idf or 1, either scaled to length one per text; or the n-gram's share of the text's n-grams."""


@dataclass(frozen=True)
class Weights:
    """What a linear method has learned."""

    coefficients: Floats
    """(features, 1) for the log-odds of the second of two labels, or (features, labels)."""
    intercept: Floats
    """(1,) or (labels,)"""
    idf: Floats
    """(features,) for the weighting `tfidf`, else empty."""
    weighting: Weighting
    one_vs_rest: bool = False
    """Whether each column tells its label from all others, instead of all columns sharing one softmax."""

    @classmethod
    def constant(cls, prior: Floats, features: int) -> Weights:
        """Return weights that answer every text with `prior`, (labels,)."""
        coefficients = np.zeros((features, len(prior)), np.float32)
        return cls(coefficients, np.log(np.maximum(prior, np.float32(1e-9))), np.empty(0, np.float32), "presence")

    def probabilities(self, counts: csr_array) -> Floats:
        """Return (n, labels) probabilities; a row depends on its own counts alone, bit for bit."""
        scores = (weigh(counts, self.weighting, self.idf) @ self.coefficients + self.intercept).astype(np.float64)
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        found: Floats = softmax(log_expit(scores) if self.one_vs_rest else scores, axis=1).astype(np.float32)
        return found


def weigh(counts: csr_array, weighting: Weighting, idf: Floats) -> csr_array:
    """Return the weighted counts, (n, features) float32; a row without any stays empty."""
    if weighting == "share":
        return _divide_rows(counts, counts.data, counts @ np.ones(counts.shape[1], np.float32))
    data = (1 + np.log(counts.data)) * idf[counts.indices] if weighting == "tfidf" else np.ones_like(counts.data)
    squares = csr_array((data * data, counts.indices, counts.indptr), shape=counts.shape)
    return _divide_rows(counts, data, np.sqrt(squares @ np.ones(counts.shape[1], np.float32)))


def _divide_rows(counts: csr_array, data: Floats, by: Floats) -> csr_array:
    return csr_array((data / np.repeat(by, np.diff(counts.indptr)), counts.indices, counts.indptr), shape=counts.shape)


def inverse_document_frequency(counts: csr_array) -> Floats:
    """Return (features,) log((1 + n) / (1 + texts with it)) + 1, as scikit-learn smooths it."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    idf: Floats = (np.log((1 + counts.shape[0]) / (1 + texts)) + 1).astype(np.float32)
    return idf


def class_frequencies(labels: NDArray[np.int64], classes: int) -> Floats:
    """Return (classes,) shares, summing to 1."""
    return (np.bincount(labels, minlength=classes) / len(labels)).astype(np.float32)

"""The network of `mean_embedding`: gradients that touch only the n-grams of a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import log_softmax

EPSILON = np.float32(1e-8)


class AverageNetwork:
    """logits = (shares @ embeddings) @ head + bias, trained by Adagrad (Duchi et al., 2011)."""

    def __init__(self, features: int, dimension: int, classes: int, rng: np.random.Generator) -> None:
        self.embeddings = rng.uniform(-1 / dimension, 1 / dimension, (features, dimension)).astype(np.float32)
        """(features, dimension), from fastText's start."""
        self.head = np.zeros((dimension, classes), np.float32)
        self.bias = np.zeros(classes, np.float32)
        self._squares = [np.zeros_like(self.embeddings), np.zeros_like(self.head), np.zeros_like(self.bias)]
        self._place = np.zeros(features, np.int32)

    def step(self, shares: csr_array, labels: NDArray[np.int64], rate: float) -> float:
        """Take one step on (b, features) shares and (b,) labels; return the sum of their losses before it."""
        used = np.unique(shares.indices)
        self._place[used] = np.arange(len(used), dtype=np.int32)
        local = csr_array((shares.data, self._place[shares.indices], shares.indptr), shape=(len(labels), len(used)))
        embeddings = self.embeddings[used]
        hidden = local @ embeddings
        log_probabilities = log_softmax(hidden @ self.head + self.bias, axis=1)
        error = np.exp(log_probabilities)
        error[np.arange(len(labels)), labels] -= 1
        gradient = local.T @ (error @ self.head.T)  # before the head moves
        rate32 = np.float32(rate)
        squares = self._squares[0][used] + gradient * gradient
        self._squares[0][used] = squares
        self.embeddings[used] = embeddings - rate32 * gradient / (np.sqrt(squares) + EPSILON)
        for weights, slope, held in ((self.head, hidden.T @ error, self._squares[1]), (self.bias, error.sum(axis=0), self._squares[2])):
            held += slope * slope
            weights -= rate32 * slope / (np.sqrt(held) + EPSILON)
        return float(-log_probabilities[np.arange(len(labels)), labels].sum())

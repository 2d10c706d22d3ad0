"""Logistic regression on tf-idf n-grams: what every other method has to beat (Salton & Buckley, 1988, doi:10.1016/0306-4573(88)90021-0)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from valence.methods._linear import Linear, Weights, inverse_document_frequency, logistic_regression, weigh
from valence.types import Task


class TfidfLinear(Linear):
    """Word n-grams, (1 + log count) * idf, scaled to length one, under a logistic regression."""

    paper: ClassVar[str] = "Salton & Buckley (1988), doi:10.1016/0306-4573(88)90021-0"

    def learn(self, counts: csr_array, labels: NDArray[np.int64], task: Task) -> Weights:
        """Learn one coefficient per n-gram, or one per n-gram and label."""
        idf = inverse_document_frequency(counts)
        return Weights(idf, *logistic_regression(weigh(counts, idf), labels, len(task.labels), self.cost))

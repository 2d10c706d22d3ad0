"""Logistic regression on tf-idf n-grams: what every other method has to beat (Salton & Buckley, 1988, doi:10.1016/0306-4573(88)90021-0)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from valence.methods._linear import Logistic, logistic_regression
from valence.methods._weights import Weights, inverse_document_frequency, weigh
from valence.types import Task


class TfidfLinear(Logistic):
    """Word n-grams, (1 + log count) * idf, scaled to length one, under a logistic regression."""

    paper: ClassVar[str] = "Salton & Buckley (1988), doi:10.1016/0306-4573(88)90021-0"

    def learn(self, counts: csr_array, labels: NDArray[np.int64], task: Task) -> Weights:
        """Learn one coefficient per n-gram, or one per n-gram and label."""
        idf = inverse_document_frequency(counts)
        coefficients, intercept = logistic_regression(weigh(counts, "tfidf", idf), labels, len(task.labels), self.cost)
        return Weights(coefficients, intercept, idf, "tfidf")

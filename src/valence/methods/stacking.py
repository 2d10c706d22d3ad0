"""Stacking: a logistic regression over the members' log-odds (Wolpert, 1992, doi:10.1016/S0893-6080(05)80023-1).

It is fitted on texts that no member was fitted on: on others the member that overfits most would be trusted most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from valence.errors import BadData
from valence.evaluation.metrics import CLIP
from valence.methods._combination import Combination, Floats, Rule

TINY = {"members": "nb_svm,mean_embedding"}
UNSEEN = -20.0
"""Intercept of a label that no text of `valid` has: its probability is about 2e-9, and finite."""


class Stacking(Combination):
    """What the members say, weighed by a logistic regression."""

    paper: ClassVar[str] = "Wolpert (1992), doi:10.1016/S0893-6080(05)80023-1"

    cost: PositiveFloat = 1.0
    """What an error on `valid` costs against the L2 norm of the weights: C in scikit-learn."""

    def learn(self, answers: Floats, labels: NDArray[np.int64]) -> Rule:
        """Fit the regression.

        Raises:
            BadData: the texts hold one label only.
        """
        from sklearn.linear_model import LogisticRegression

        seen, columns = np.unique(labels), 1 if answers.shape[2] == 2 else answers.shape[2]
        if len(seen) < 2:
            raise BadData(f"Stacking learns from valid, whose {len(labels)} texts hold one label only. Raise n_train or valid_fraction.")
        found = LogisticRegression(C=self.cost, tol=1e-8, max_iter=10_000).fit(evidence(answers), labels)
        coefficients, intercept = np.zeros((found.coef_.shape[1], columns)), np.full(columns, UNSEEN)
        own = seen[-found.coef_.shape[0] :] if columns > 1 else [0]
        if columns > 1:
            intercept[seen[0]] = 0.0  # where two of several labels occur, the second is measured against the first
        coefficients[:, own], intercept[own] = found.coef_.T, found.intercept_
        return Stack(coefficients, intercept)

    def rule(self, arrays: Mapping[str, NDArray[np.float64]]) -> Rule:
        """Return the regression with these weights."""
        return Stack(arrays["coefficients"], arrays["intercept"])


@dataclass(frozen=True)
class Stack(Rule):
    """softmax(evidence @ coefficients + intercept); with two labels the logistic function of the one column."""

    coefficients: NDArray[np.float64]
    """(m, 1) for two labels, else (m * k, k)."""
    intercept: NDArray[np.float64]
    """(1,) or (k,)"""

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Coefficients and intercept."""
        return {"coefficients": self.coefficients, "intercept": self.intercept}

    def merge(self, answers: Floats) -> Floats:
        """Return the regression's probabilities."""
        from scipy.special import softmax

        features = evidence(answers)
        scores = np.zeros((len(features), len(self.intercept))) + self.intercept
        for column, weights in zip(features.T, self.coefficients, strict=True):  # no matrix product: its bits depend on n
            scores += column[:, None] * weights
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        found: Floats = softmax(scores, axis=1).astype(np.float32)
        return found


def evidence(answers: Floats) -> NDArray[np.float64]:
    """Return what the regression reads: with two labels (n, m) log-odds of the second, else (n, m * k) log p less their mean.

    Probabilities are clipped at 1e-7, so that one certain member cannot outvote all others for ever.
    """
    logs = np.log(np.maximum(answers.astype(np.float64), CLIP))
    if answers.shape[2] == 2:
        return np.ascontiguousarray((logs[:, :, 1] - logs[:, :, 0]).T)
    centred = logs - logs.mean(axis=2, keepdims=True)
    return np.ascontiguousarray(centred.transpose(1, 0, 2).reshape(answers.shape[1], -1))

"""Vote: the mean of the members' probabilities, the sum rule (Kittler, Hatef, Duin & Matas, 1998, doi:10.1109/34.667881).

With weights it is the linear opinion pool; the weights with the least log loss on `valid` are those of a mixture whose
components are fixed. One method several times, `--members lstm,lstm,lstm`, is a deep ensemble (Lakshminarayanan et al., 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from valence.evaluation.metrics import CLIP
from valence.methods._combination import Combination, Floats, Rule

TINY = {"members": "nb_svm,mean_embedding", "weights": "fitted"}
STEPS = 10_000
"""Passes of expectation-maximisation at most; it stops where no weight moves by 1e-8."""


class Vote(Combination):
    """The mean of what the members say."""

    paper: ClassVar[str] = "Kittler et al. (1998), doi:10.1109/34.667881"

    weights: Literal["equal", "fitted"] = "equal"
    """Whether every member counts the same, or as much as gives the least log loss on `valid`."""

    def learn(self, answers: Floats, labels: NDArray[np.int64]) -> Rule:
        """Take equal weights, or fit them."""
        m = len(answers)
        return Pool(np.full(m, 1 / m) if self.weights == "equal" else pool_weights(answers, labels))

    def rule(self, arrays: Mapping[str, NDArray[np.float64]]) -> Rule:
        """Return the pool with these weights."""
        return Pool(arrays["weights"])


@dataclass(frozen=True)
class Pool(Rule):
    """p = sum_j w_j p_j."""

    weights: NDArray[np.float64]
    """(m,), at least 0, summing to 1."""

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The weights."""
        return {"weights": self.weights}

    def merge(self, answers: Floats) -> Floats:
        """Return the weighted mean."""
        total = np.zeros(answers.shape[1:])
        for weight, answer in zip(self.weights, answers, strict=True):  # one by one: the same bits however many texts there are
            total += weight * answer
        return total.astype(np.float32)


def pool_weights(answers: Floats, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the (m,) weights that minimise -mean_i log sum_j w_j p_j(y_i), by expectation-maximisation (Dempster et al., 1977).

    The loss is convex over the weights, so that there is one minimum.
    """
    true = np.maximum(answers[:, np.arange(len(labels)), labels].astype(np.float64), CLIP)
    weights = np.full(len(answers), 1 / len(answers))
    for _ in range(STEPS):
        shares = weights[:, None] * true
        moved = (shares / shares.sum(axis=0)).mean(axis=1)
        still = np.abs(moved - weights).max() < 1e-8
        weights = moved
        if still:
            break
    return weights

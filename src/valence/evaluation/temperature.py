"""One number that makes confidences honest and changes no answer: temperature scaling (Guo et al., 2017, arXiv:1706.04599).

A softmax forgets only a constant added to its logits, so that softmax(logits / T) = softmax(log(probabilities) / T): stored
probabilities are enough.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadData

LOWEST, HIGHEST = 0.02, 50.0
"""Range of the temperature; where every answer on the fitting texts is right, the best one would be 0."""
FLOOR = 1e-12
"""Probabilities below this count as this: the logarithm of zero is not finite."""


def fit_temperature(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the temperature T with the least log loss of softmax(log p / T); above 1 it makes answers less sure.

    The loss is convex in 1 / T, so that there is one minimum. It is searched between 0.02 and 50.

    Args:
        probabilities: (n, k) of texts that the classifier was not fitted on.
        labels: (n,) their true labels, 0 ... k-1.

    Raises:
        BadData: no texts, or not one label per row.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    if len(probabilities) == 0 or len(labels) != len(probabilities):
        raise BadData(f"A temperature needs one label per row of probabilities; got {len(labels)} labels, {len(probabilities)} rows.")
    logits = _logits(probabilities)
    true = logits[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        slope = np.exp(-log_temperature)
        return float(np.mean(logsumexp(logits * slope, axis=1) - true * slope))

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def scale(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Return (n, k) softmax(log p / T), float32; the most probable label stays the most probable."""
    from scipy.special import softmax

    scaled: NDArray[np.float32] = softmax(_logits(probabilities) / temperature, axis=1).astype(np.float32)
    return scaled


def _logits(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.log(np.maximum(probabilities.astype(np.float64), FLOOR))

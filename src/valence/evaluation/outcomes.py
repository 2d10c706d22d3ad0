"""How n texts came out: what was predicted, with what confidence, and whether it was right. Every metric reads this."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadData


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The answers to n labelled texts, each derived once from labels and probabilities."""

    labels: NDArray[np.int64]
    """(n,) true label, 0 ... k-1."""
    probabilities: NDArray[np.float32]
    """(n, k), rows sum to 1."""
    predictions: NDArray[np.int64]
    """(n,) most probable label, the first one on a tie."""
    confidence: NDArray[np.float64]
    """(n,) probability of the predicted label."""
    valid: NDArray[np.bool_]
    """(n,) False where a language model's words named no label."""
    correct: NDArray[np.bool_]
    """(n,) valid and predicted as labelled: an invalid answer is a wrong one."""

    def __len__(self) -> int:
        return len(self.labels)


def grade(labels: NDArray[np.int64], probabilities: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> Outcomes:
    """Set the predictions against the labels.

    Args:
        labels: (n,) true label of each text, 0 ... k-1.
        probabilities: (n, k), rows sum to 1.
        valid: (n,) whether the answer named a label at all; None when every answer does, as a classifier's always do.

    Raises:
        BadData: no texts, lengths that differ, or a label outside 0 ... k-1.
    """
    if probabilities.ndim != 2 or len(labels) != len(probabilities):
        raise BadData(f"Scoring needs one row of probabilities per label; got {len(labels)} labels and an array of {probabilities.shape}.")
    n, k = probabilities.shape
    if n == 0:
        raise BadData("Scoring needs at least one labelled text; got none.")
    if labels.min() < 0 or labels.max() >= k:
        raise BadData(f"Scoring {k} classes needs labels 0 ... {k - 1}; got {labels.min()} ... {labels.max()}: score a labelled split.")
    predictions, confidence = _top(probabilities)
    kept = np.ones(n, dtype=np.bool_) if valid is None else np.asarray(valid, dtype=np.bool_)
    return Outcomes(labels, probabilities, predictions, confidence, kept, (predictions == labels) & kept)


def _top(probabilities: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the (n,) most probable label and its probability; two classes need no argmax, which is slow along a short axis."""
    if probabilities.shape[1] == 2:
        second = probabilities[:, 1] > probabilities[:, 0]
        return second.astype(np.int64), np.where(second, probabilities[:, 1], probabilities[:, 0]).astype(np.float64)
    return probabilities.argmax(axis=1).astype(np.int64), probabilities.max(axis=1).astype(np.float64)


def names_a_label(responses: Sequence[str], labels: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which of a language model's answers are valid: their first word is the name of a label, whatever its case.

    A label named later in the answer does not count: "not positive" and "The review is hard to call positive" name none.

    Args:
        responses: n answers in the model's own words.
        labels: the label names.

    Returns:
        (n,) True where valid.
    """
    names = "|".join(re.escape(label) for label in sorted(labels, key=len, reverse=True))
    first = re.compile(rf"[\W_]*(?:{names})(?!\w)", re.IGNORECASE)
    return np.fromiter((first.match(r) is not None for r in responses), dtype=np.bool_, count=len(responses))

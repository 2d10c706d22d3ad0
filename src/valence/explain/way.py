"""The contract of a way to explain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.explain.spans import Span
from valence.types import Classifier

Progress = Callable[[float, float, str], None]
"""Called as progress(done, total, note)."""


def unseen(done: float, total: float, note: str) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a way finds."""

    spans: tuple[Span, ...]
    """(words,) in order."""
    scores: NDArray[np.float64]
    """(words,)"""
    change: float | None = None
    """Logits between the text and one that says nothing, which the scores should add up to."""
    unread: tuple[Span, ...] = ()
    """What the classifier cut off."""
    note: str = ""
    """What a reader should know."""


class Way(ABC):
    """One way to explain; its name is its file's name."""

    paper: ClassVar[str]
    """Where it comes from."""
    meaning: ClassVar[str]
    """What a score says, in one sentence."""
    rank: ClassVar[int]
    """Of those that fit a classifier, the one of lowest rank is taken when none is asked for."""
    signed: ClassVar[bool] = True
    """Whether a score says for or against; otherwise it only says how much."""

    @abstractmethod
    def why_not(self, classifier: Classifier) -> str:
        """Say why it does not fit the classifier; empty when it does."""

    @abstractmethod
    def attribute(self, classifier: Classifier, text: str, label: int, progress: Progress) -> Attribution:
        """Score the words of `text` for the label of that index.

        Raises:
            MissingPackage: a package it needs is not installed.
        """


def margin(logits: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """Return (n,) the logit of `label` less the mean of the others.

    With two labels these are the log-odds. It takes log-probabilities as well: what they lack, a constant per text, cancels.

    Args:
        logits: (n, k), k at least 2.
        label: index of the label.
    """
    others = np.delete(logits, label, axis=1)
    found: NDArray[np.float64] = logits[:, label] - others.mean(axis=1)
    return found


__all__ = ["Attribution", "Progress", "Way", "margin", "unseen"]

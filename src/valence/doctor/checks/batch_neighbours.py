"""A score that depends on the other texts of the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Fitted
from valence.doctor.subject import Subject

ASKED = 8
"""Texts that are asked one by one."""


class BatchNeighbours(Check):
    """A softmax or a norm over the batch axis."""

    sentence: ClassVar[str] = "A text's score changes with the texts that share its batch, though they are as long as it is."
    seed: ClassVar[str] = "attention_lstm: softmax over the batch axis"
    needs: ClassVar[tuple[type, ...]] = (Fitted,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Ask each text alone, then between neighbours made of its own words in another order: of one length, so without padding."""
        fitted = subject.part(Fitted)
        texts = spread(fitted.texts)
        apart = np.array([_moves(fitted, text, shuffled(text)) for text in texts])
        if apart.max() > fitted.tolerance:
            message = f"Beside other texts of its length a text's probabilities move by up to {apart.max():.3g} ({_share(apart, fitted)})."
            remedy = "Look for a softmax, a mean or a norm over dim 0: it must run over the words or the classes of one text."
            yield error(message, remedy, largest=float(apart.max()), moved=int((apart > fitted.tolerance).sum()), asked=len(texts))


def spread(texts: Sequence[str], n: int = ASKED) -> list[str]:
    """Return n of the texts, evenly from first to last, none without a word."""
    kept = [t for t in texts if t.strip()]
    step = max(1, len(kept) // n)
    return list(kept[::step][:n])


def shuffled(text: str) -> list[str]:
    """Return the text's words backwards and in halves exchanged: other texts of the same length."""
    words = text.split()
    half = len(words) // 2
    return [" ".join(words[::-1]), " ".join(words[half:] + words[:half])]


def _moves(fitted: Fitted, text: str, neighbours: list[str]) -> float:
    alone: NDArray[np.float64] = fitted.predict([text])[0]
    return float(np.abs(fitted.predict([text, *neighbours])[0] - alone).max())


def _share(apart: NDArray[np.float64], fitted: Fitted) -> str:
    return f"{int((apart > fitted.tolerance).sum())} of {len(apart)} texts asked"

"""What an explanation holds, and the pieces of the text it is shown in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valence.explain.spans import Span

UNIT = "logits of the label, less the mean logit of the others"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text that is shown in one colour."""

    text: str
    score: float | None
    """None between words and where nothing was read."""
    unread: bool = False
    """Whether the classifier never read it."""


@dataclass(frozen=True)
class Explanation:
    """How much each word of one text speaks for a label."""

    text: str
    spans: tuple[Span, ...]
    """(words,) where each word lies: first character and the one behind the last; in order, none overlaps the next."""
    scores: NDArray[np.float64]
    """(words,) logits: above zero speaks for the label, below against it; shares of the attention where not `signed`."""
    label: str
    """The label explained."""
    method: str
    """The way it was explained."""
    change: float | None = None
    """Logits by which the whole text differs from a text that says nothing; None where the way gives no logits."""
    probabilities: dict[str, float] = field(default_factory=dict)
    """Of every label, for the text."""
    unread: tuple[Span, ...] = ()
    """Stretches the classifier cut off and never read."""
    signed: bool = True
    """Whether a score has a direction."""
    meaning: str = ""
    """What a score says, in one sentence."""
    paper: str = ""
    """Where the way comes from."""
    note: str = ""
    """What a reader of these scores should know."""

    @property
    def total(self) -> float:
        """Sum of the scores."""
        return float(self.scores.sum())

    @property
    def delta(self) -> float | None:
        """Completeness: the sum of the scores less `change`; zero where every logit is accounted for."""
        return None if self.change is None else self.total - self.change

    @property
    def predicted(self) -> str:
        """Name of the most probable label."""
        return max(self.probabilities, key=self.probabilities.__getitem__, default=self.label)

    @property
    def largest(self) -> float:
        """Largest absolute score, what the strongest colour stands for."""
        return float(np.abs(self.scores).max(initial=0.0))

    def words(self) -> list[str]:
        """Return the (words,) as they are written in the text."""
        return [self.text[start:end] for start, end in self.spans]

    def pieces(self) -> Iterator[Piece]:
        """Yield the whole text piece by piece: words with their scores, and all that lies between."""
        marks = [(span, float(score), False) for span, score in zip(self.spans, self.scores, strict=True)]
        marks += [(span, None, True) for span in self.unread]  # type: ignore[misc]
        at = 0
        for (start, end), score, unread in sorted(marks, key=lambda mark: mark[0]):
            if start > at:
                yield Piece(self.text[at:start], None)
            if end > start:
                yield Piece(self.text[start:end], score, unread)
            at = max(at, end)
        if at < len(self.text):
            yield Piece(self.text[at:], None)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; places count Unicode characters."""
        rows = zip(self.words(), self.spans, self.scores.tolist(), strict=True)
        return {
            "text": self.text,
            "label": self.label,
            "probabilities": self.probabilities,
            "method": self.method,
            "unit": UNIT if self.signed else "share",
            "words": [{"word": word, "start": start, "end": end, "score": score} for word, (start, end), score in rows],
            "unread": [list(span) for span in self.unread],
            "sum": self.total,
            "change": self.change,
            "delta": self.delta,
            "note": self.note,
        }


__all__ = ["UNIT", "Explanation", "Piece"]

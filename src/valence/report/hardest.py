"""The texts that were answered wrongly with the most confidence, by id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.evaluation.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class Wrong:
    """A text that a row, or a run, got wrong with confidence."""

    id: str
    label: str
    """What it is labelled."""
    answer: str
    """What was said."""
    confidence: float
    """Mean over the seeds of the probability given to a wrong answer; a right answer counts as 0."""

    @property
    def rating(self) -> str:
        """The stars that end an IMDB id (`number_rating`); empty for other ids."""
        found = re.fullmatch(r"\d+_(10|[1-9])", self.id)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text in one colour; only on pages whose reader asked for texts."""

    text: str
    kind: str = ""
    """`toward` the answer, `against` it, `neutral`, `unread`, or empty."""
    depth: float = 0.0
    """0 ... 1, strength of the colour."""


def most_wrong(runs: Sequence[Outcomes], ids: Sequence[str], names: Sequence[str], most: int) -> tuple[Wrong, ...]:
    """Return the texts that were wrong with the highest mean confidence over the runs, invalid answers left out.

    Args:
        runs: of one row, texts in one order.
        ids: (n,) of the texts.
        names: (k,) of the labels.
        most: how many to return at most.
    """
    sure: NDArray[np.float64] = np.mean([np.where(o.correct | ~o.valid, 0.0, o.confidence) for o in runs], axis=0)
    best = np.argpartition(-sure, min(most, len(sure) - 1))[:most]
    found = []
    for i in sorted((int(i) for i in best if sure[i] > 0), key=lambda i: (-sure[i], ids[i])):
        said = next(o.predictions[i] for o in runs if not o.correct[i] and o.valid[i])
        found.append(Wrong(ids[i], names[runs[0].labels[i]], names[said], float(sure[i])))
    return tuple(found)


__all__ = ["Mark", "Wrong", "most_wrong"]

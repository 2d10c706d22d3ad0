"""Cascade: a cheap member answers, and passes on to an expensive one what it is unsure of (Jitkrittum et al., 2023, arXiv:2307.02764).

How unsure is unsure is given, or read off `valid`: either as much as a given share of the texts, or the least that keeps the
expensive member's accuracy, by fixed-sequence testing as in Learn then Test (Angelopoulos et al., 2021, arXiv:2110.01052).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from valence.evaluation.outcomes import Outcomes, grade
from valence.evaluation.paired import compare, tally
from valence.evaluation.selective import Deferral, deferral
from valence.methods._combination import Ask, Combination, Floats, Rule

TINY = {"members": "mean_embedding,nb_svm", "share": 0.5}
STEPS = 200
"""Shares that are tested, from all texts passed on down to none."""


class Cascade(Combination):
    """The first member answers, the second one only where the first is unsure."""

    paper: ClassVar[str] = "Jitkrittum et al. (2023), arXiv:2307.02764"

    members: str = "mean_embedding,nb_svm"
    """The cheap method and the expensive one, with a comma between them; of the runs, where runs were combined."""
    threshold: float | None = Field(default=None, ge=0, le=1)
    """Confidence of the first member at which, and below, a text is passed on; nothing is learned then."""
    share: float | None = Field(default=None, ge=0, le=1)
    """Largest share of the texts that may be passed on; within it the most accurate threshold on `valid` is taken."""
    loss: float = Field(default=0.005, ge=0, lt=1)
    """Where neither is given: the accuracy that may be lost against the second member; `valid` must rule out a larger loss."""
    level: float = Field(default=0.05, gt=0, lt=0.5)
    """Chance that it is larger all the same."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.threshold is not None and self.share is not None:
            raise ValueError(f"threshold = {self.threshold:g} and share = {self.share:g} both say what is passed on; give one")
        return self

    @field_validator("members")
    @classmethod
    def _exactly_two(cls, value: str) -> str:
        if value.count(",") != 1:
            raise ValueError(f"a cascade has two members, the cheap one first; {value.count(',') + 1} are named")
        return value

    def learn(self, answers: Floats, labels: NDArray[np.int64]) -> Rule:
        """Choose the threshold, if none is given."""
        if self.threshold is not None:
            return Switch(self.threshold)
        first, second = (grade(labels, answer) for answer in answers)
        curve = deferral(first, second)
        chosen = _within(curve, self.share) if self.share is not None else _keeping(curve, first, second, self.loss, self.level)
        return Switch(float(curve.threshold[chosen]))

    def rule(self, arrays: Mapping[str, NDArray[np.float64]]) -> Rule:
        """Return the switch with this threshold."""
        return Switch(float(arrays["threshold"][0]))


@dataclass(frozen=True)
class Switch(Rule):
    """The first member's answer where its confidence is above `threshold`, else the second's; 0 is the first alone, 1 the second."""

    threshold: float

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The threshold."""
        return {"threshold": np.array([self.threshold])}

    def passed_on(self, first: Floats) -> NDArray[np.bool_]:
        """Return (n,) where the first member's (n, k) answers are too unsure."""
        unsure: NDArray[np.bool_] = first.max(axis=1, initial=0.0).astype(np.float64) <= self.threshold
        return unsure

    def merge(self, answers: Floats) -> Floats:
        """Take each text's answer from the member whose turn it is."""
        found: Floats = np.where(self.passed_on(answers[0])[:, None], answers[1], answers[0])
        return found

    def answer(self, members: Sequence[Ask], texts: Sequence[str]) -> Floats:
        """Ask the second member about the unsure texts only."""
        found = members[0](texts).copy()
        passed_on = self.passed_on(found)
        if passed_on.any():
            found[passed_on] = members[1]([text for text, unsure in zip(texts, passed_on, strict=True) if unsure])
        return found


def _within(curve: Deferral, share: float) -> int:
    """Return the most accurate entry that passes on no more than `share`; the cheapest of equals."""
    allowed = np.flatnonzero(curve.share <= share + 1e-9)
    return int(allowed[curve.accuracy[allowed].argmax()])


def _keeping(curve: Deferral, first: Outcomes, second: Outcomes, loss: float, level: float) -> int:
    """Return the cheapest entry for which a loss above `loss` against the second member is ruled out.

    From the dearest down, each is tested (the upper end of Bonett and Price's interval of the paired difference) and the
    first that fails ends it: tests in a fixed order need no correction for their number (Bauer, 1991).
    """
    chosen, whole = len(curve.threshold) - 1, tally(second.correct[None])
    for entry in dict.fromkeys(curve.nearest(share) for share in np.linspace(1, 0, STEPS + 1)):
        cascade = np.where(first.confidence <= curve.threshold[entry], second.correct, first.correct)
        if compare(whole, tally(cascade[None]), 1 - 2 * level).high > loss:
            break
        chosen = entry
    return chosen

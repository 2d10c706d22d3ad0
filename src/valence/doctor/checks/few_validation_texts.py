"""An epoch chosen by a handful of validation texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from valence.doctor.check import Check, Finding, warning
from valence.doctor.parts import History
from valence.doctor.subject import Subject
from valence.experiment import Experiment

FEWEST = 50
"""Validation texts below which one answer is two points of accuracy or more."""
ROUNDING = 1e-6
"""An accuracy in a state file is k/n to the last digits of a float."""


class FewValidationTexts(Check):
    """The best epoch by luck: all accuracies are multiples of 1/n, and n is small."""

    sentence: ClassVar[str] = "So few validation texts chose the epoch that chance chose it."
    seed: ClassVar[str] = "no row; our own at N = 16: two texts kept the first of twenty epochs, .51 on test, the last gave .68"
    needs: ClassVar[tuple[type, ...]] = (History,)

    def applies(self, subject: Subject) -> str:
        """Need an epoch that was chosen, by accuracies that were written in full."""
        if subject.find(Experiment) is not None:
            return "a run of ours keeps the last epoch where its validation texts are few"
        history = subject.part(History)
        if history.kept != "best":
            return "no best epoch was loaded, or the log does not say"
        count = len(set(_accuracies(history)))
        return "" if count > 1 else f"{count} different validation accuracies were logged, two are needed"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Look for the smallest number of texts that can give these accuracies."""
        accuracies = _accuracies(subject.part(History))
        texts = next((n for n in range(1, FEWEST) if all(_can_be(a, n) for a in accuracies)), None)
        if texts is None:
            return
        message = f"All {len(accuracies)} validation accuracies are multiples of 1/{texts}: about {texts} texts chose the epoch."
        remedy = f"Validate on {FEWEST} texts or more, choose by cross-validation, or keep the last epoch; show several seeds."
        yield warning(message, remedy, texts=texts, validations=len(accuracies))


def _accuracies(history: History) -> Sequence[float]:
    return [v.accuracy for v in history.validations if v.accuracy is not None]


def _can_be(accuracy: float, texts: int) -> bool:
    return abs(accuracy * texts - round(accuracy * texts)) <= ROUNDING * texts

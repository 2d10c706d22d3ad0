"""Predictions that do not depend on the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, note, percent, warning
from valence.doctor.parts import Answers, Truth
from valence.doctor.subject import Subject
from valence.evaluation.metrics import COLLAPSE_AT, find_collapse
from valence.methods import METHODS
from valence.store import RunRecord
from valence.types import Method

ENOUGH = 20
"""Answers of one class that can no longer be chance, where the true labels are unknown."""
NEARLY = 0.97
"""Share of one class from which on the other classes are all but never answered."""
ASK_ANOTHER_WAY = (
    "Ask in another way: --answer score --calibrate, other label words, other examples; nothing was trained that could be mended."
)
REMEDY = "Look at the loss: lower the learning rate, shorten the warm-up, clip the gradients; then run it again."


class ConstantPredictions(Check):
    """Every text gets one class, or one set of probabilities."""

    sentence: ClassVar[str] = "Every text gets the same class or the same probabilities, so that accuracy is a class's share."
    seed: ClassVar[str] = "lstm and capsule_lstm (.500), the SST-2 curve's four times 44.98"
    needs: ClassVar[tuple[type, ...]] = (Answers,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare the answers with each other, and with the labels where they are known."""
        answers, truth = subject.part(Answers), subject.find(Truth)
        known = np.ones(len(answers), dtype=np.bool_) if truth is None else truth.labels >= 0
        said = answers.predicted[known]
        if not len(said) or (said < 0).all():
            return
        counts = np.bincount(said[said >= 0], minlength=len(answers.names))
        top = int(counts.argmax())
        facts: dict[str, Any] = {"class": answers.names[top], "share_of_class": float(counts[top] / len(said))}
        if truth is not None:
            facts["accuracy"] = float((said == truth.labels[known]).mean())
        if self._constant(answers, truth, known):
            message = f"All {len(said):,} texts got {answers.names[top]!r}" + (
                f": the accuracy of {percent(float(facts['accuracy']))} is that class's share of the labels." if truth is not None else "."
            )
            yield self._said(subject, message, facts)
        elif truth is not None and len(said) >= ENOUGH and counts[top] / len(said) > NEARLY:
            share = float((truth.labels[known] == top).mean())
            if share < NEARLY - 0.2:
                message = (
                    f"{percent(counts[top] / len(said))} of the answers are {answers.names[top]!r}, {percent(share)} of the labels are."
                )
                method = _method(subject)
                asked = method is not None and not method.learns
                yield warning(message, ASK_ANOTHER_WAY if asked else REMEDY, **facts, share_of_labels=share)

    def _said(self, subject: Subject, message: str, facts: dict[str, Any]) -> Finding:
        method = _method(subject)
        if method is not None and method.constant_by_design:
            return note(f"{message} The method does so by design.", **facts)
        if method is not None and not method.learns:
            return warning(message, ASK_ANOTHER_WAY, **facts)  # the figure is right, of this prompt
        return error(message, REMEDY, **facts)

    def _constant(self, answers: Answers, truth: Truth | None, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
        p = answers.probabilities
        if truth is None:
            return bool(len(answers) >= ENOUGH and (answers.predicted == answers.predicted[0]).all())
        table = np.eye(len(answers.names))[np.maximum(answers.predicted, 0)] if p is None else p
        if find_collapse(truth.labels[known], table[known].astype(np.float32)) is None:
            return False
        return int(known.sum()) > COLLAPSE_AT


def _method(subject: Subject) -> type[Method] | None:
    """Return the method of a run, None of a user's answers."""
    record = subject.find(RunRecord)
    return METHODS.find(record.method) if record is not None and record.method in METHODS.names else None

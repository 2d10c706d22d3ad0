"""A record whose figures are not those of its predictions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Answers
from valence.doctor.subject import Subject
from valence.evaluation.outcomes import names_a_label
from valence.store import RunRecord

FLIPS = 2
"""Texts that four stored decimals may put on the other side of one half."""


class MetricsDisagree(Check):
    """The record says one accuracy, the predictions another."""

    sentence: ClassVar[str] = "The recorded accuracy is not that of the stored predictions."
    seed: ClassVar[str] = "zero-shot LLMs: table and raw answers disagree in 5 of 6 rows"
    needs: ClassVar[tuple[type, ...]] = (RunRecord, Answers)

    def applies(self, subject: Subject) -> str:
        """Need a recorded accuracy."""
        return "" if "accuracy" in subject.part(RunRecord).metrics else "the record names no accuracy"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Count again."""
        record, answers = subject.part(RunRecord), subject.part(Answers)
        assert answers.stated is not None
        right = answers.predicted == answers.stated
        if answers.responses is not None:
            right &= names_a_label(answers.responses, answers.names)
        said, found = record.metrics["accuracy"], float(right.mean())
        if abs(said - found) * len(answers) > FLIPS + 1e-6:
            message = f"The record says accuracy {said:.4f}, the {len(answers):,} stored predictions say {found:.4f}."
            yield error(message, "Run it again; never write into a run's folder.", recorded=said, counted=found)

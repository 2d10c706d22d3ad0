"""Answers that name no label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, percent, warning
from valence.doctor.checks.answer_parsing import spoken
from valence.doctor.parts import Answers, Truth
from valence.doctor.subject import Subject
from valence.evaluation.outcomes import names_a_label


class InvalidAnswers(Check):
    """A valid rate below 1 hides in the accuracy."""

    sentence: ClassVar[str] = "Answers name no label, which accuracy alone mixes with wrong ones, or counts as a class."
    seed: ClassVar[str] = "the instruction-tuning table: Mistral .01 before tuning is 5 of 7 valid answers right"
    needs: ClassVar[tuple[type, ...]] = (Answers,)

    def applies(self, subject: Subject) -> str:
        """Need a language model's words, or answers that are no label as they stand."""
        answers = subject.part(Answers)
        some = answers.responses is not None or bool((answers.predicted < 0).any())
        return "" if some else "the answers are not a language model's words"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Count the answers that begin with a label's name, or with its number in a user's file."""
        answers, truth = subject.part(Answers), subject.find(Truth)
        if answers.responses is None:
            lost = int((answers.predicted < 0).sum())
            message = f"{lost:,} of {len(answers):,} answers are none of the labels {', '.join(answers.names)}: each counts as wrong."
            yield error(message, "Write the labels as the data set names them, or their numbers.", invalid=lost)
            return
        if subject.kind == "run":
            valid = names_a_label(answers.responses, answers.names)
        else:
            names = [*answers.names, *(str(i) for i in range(len(answers.names)))]
            valid = names_a_label([spoken(r) for r in answers.responses], names)
        if valid.all() or not len(valid):
            return
        facts: dict[str, float] = {"valid_rate": float(valid.mean()), "invalid": int((~valid).sum())}
        message = f"{percent(facts['valid_rate'])} of the answers name a label"
        if truth is not None:
            right = valid & (answers.predicted == truth.labels) & (truth.labels >= 0)
            facts |= {"accuracy": float(right.mean()), "accuracy_valid": float(right.sum() / max(int(valid.sum()), 1))}
            message += f": {percent(facts['accuracy'])} of all are right, {percent(facts['accuracy_valid'])} of the valid ones"
        remedy = "Give three figures: accuracy, valid rate, and accuracy among the valid; score the label words beside free answers."
        yield warning(f"{message}.", remedy, **facts)
        counted = int(np.count_nonzero(~valid & (answers.predicted >= 0)))
        if counted and subject.kind != "run":
            message = f"{counted:,} answers that name no label were counted as a class all the same."
            yield error(message, "Count an invalid answer as wrong, whatever digit stands somewhere in it.", counted=counted)

"""Texts that were answered twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Answers
from valence.doctor.subject import Subject


class DuplicateIds(Check):
    """One id, several answers."""

    sentence: ClassVar[str] = "An id occurs more than once, so that a text counts twice, or under two answers."
    seed: ClassVar[str] = "no row; the usual trace of a last batch that a distributed sampler fills up"
    needs: ClassVar[tuple[type, ...]] = (Answers,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Count the ids."""
        answers = subject.part(Answers)
        twice = {name for name, count in Counter(answers.ids).items() if count > 1}
        if not twice:
            return
        said: dict[str, set[int]] = {name: set() for name in twice}
        for name, label in zip(answers.ids, answers.predicted.tolist(), strict=True):
            if name in said:
                said[name].add(label)
        torn = sum(len(labels) > 1 for labels in said.values())
        message = f"{len(twice):,} ids occur more than once in {answers.source}, {torn:,} of them with different answers."
        remedy = "Write each id once; with several processes drop the texts that fill up the last batch."
        yield error(message, remedy, repeated=len(twice), contradictory=torn, ids=sorted(twice)[:5])

"""Scored texts that were trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, note, percent, warning
from valence.doctor.parts import Answers, Overlap, Truth
from valence.doctor.subject import Subject

MUCH = 0.01
"""Share of the scored texts from which on the figure is another one; the official IMDB split has half of it."""


class ScoredInTrain(Check):
    """Exact and near duplicates across the splits."""

    sentence: ClassVar[str] = "Scored texts occur in the training texts, word for word or nearly so."
    seed: ClassVar[str] = "the SST-2 curve (test cut out of train); IMDB's official split shares 123 texts"
    needs: ClassVar[tuple[type, ...]] = (Overlap,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Count them, and score the answers without them where there are any."""
        overlap = subject.part(Overlap)
        shared = {*overlap.exact, *overlap.near}
        if overlap.not_searched:
            yield note(f"Near duplicates were not looked for: {overlap.not_searched}.")
        if not shared:
            return
        share = len(shared) / overlap.n_scored
        exact, near = len(overlap.exact), len(overlap.near)
        message = f"{exact:,} of {overlap.n_scored:,} scored texts are in train word for word, {near:,} more nearly so"
        facts: dict[str, float] = {"exact": exact, "near": near, "share": share}
        answers, truth = subject.find(Answers), subject.find(Truth)
        if answers is not None and truth is not None:
            keep = np.array([name not in shared for name in answers.ids]) & (truth.labels >= 0)
            right = answers.predicted == truth.labels
            facts |= {"accuracy": float(right[truth.labels >= 0].mean()), "accuracy_without": float(right[keep].mean())}
            message += f"; the accuracy is {percent(facts['accuracy'])} with them and {percent(facts['accuracy_without'])} without"
        remedy = "Take them out of train, or say what the figure is without them."
        ids = sorted(shared)[:5]
        if exact / overlap.n_scored >= MUCH:
            yield error(f"{message}.", remedy, **facts, ids=ids)
        elif share >= MUCH:
            yield warning(f"{message}.", remedy, **facts, ids=ids)
        else:
            yield note(f"{message}.", "", **facts, ids=ids)

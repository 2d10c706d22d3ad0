"""Phrases of the scored sentences among the training texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, note, percent
from valence.doctor.parts import Phrases
from valence.doctor.subject import Subject

MUCH = 0.05
"""Share of the scored sentences from which on their phrases were trained on, and not just idioms that any two texts share."""


class PhrasesInTrain(Check):
    """A random split of phrases leaks."""

    sentence: ClassVar[str] = "Whole training texts are phrases of scored sentences, with the sentence's own labels on them."
    seed: ClassVar[str] = "the SST-2 curve: test was cut out of GLUE's train, whose rows are phrases of one another"
    needs: ClassVar[tuple[type, ...]] = (Phrases,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Count sentences that hold a training text."""
        found = subject.part(Phrases)
        share = len(found.inside) / found.n_scored
        if not found.inside:
            return
        texts = f"{len(found.inside):,} of {found.n_scored:,} scored texts ({percent(share)})"
        message = f"{texts} hold a whole training text of {found.shortest} words or more"
        facts = {"inside": len(found.inside), "phrases": found.n_phrases, "share": share}
        remedy = "Split by sentence, not by phrase: keep the phrases of scored sentences out of train."
        ids = list(found.inside[:5])
        yield error(f"{message}.", remedy, **facts, ids=ids) if share >= MUCH else note(f"{message}.", "", **facts, ids=ids)

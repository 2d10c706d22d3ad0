"""Labels that are withheld and were scored all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Truth
from valence.doctor.subject import Subject
from valence.types import UNLABELED


class WithheldLabels(Check):
    """Label -1 is scored."""

    sentence: ClassVar[str] = "Scored texts carry the label -1: it is withheld, and every answer to them counts as wrong."
    seed: ClassVar[str] = "the SST-2 curve (GLUE's test labels are all -1, so train was split instead)"
    needs: ClassVar[tuple[type, ...]] = (Truth,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Count them."""
        labels = subject.part(Truth).labels
        withheld = int((labels == UNLABELED).sum())
        if withheld:
            message = f"{withheld:,} of {len(labels):,} scored texts carry no label."
            remedy = "Score a split that has labels, such as dev, or a copy with the test labels; never a part cut out of train."
            yield error(message, remedy, withheld=withheld, scored=len(labels))

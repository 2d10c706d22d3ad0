"""A data set that is no longer the one of the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, warning
from valence.doctor.subject import Subject
from valence.store import RunRecord
from valence.types import Corpus


class DataChanged(Check):
    """Another digest."""

    sentence: ClassVar[str] = "The data set that lies here is not the one the run was made on."
    seed: ClassVar[str] = "instruction tuning: the data were formatted again for each model in one process"
    needs: ClassVar[tuple[type, ...]] = (RunRecord, Corpus)

    def applies(self, subject: Subject) -> str:
        """Need the run's digest."""
        return "" if subject.part(RunRecord).provenance.data_digest else "the run does not say which state of the data it was made on"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare the digests."""
        then, now = subject.part(RunRecord).provenance.data_digest, subject.part(Corpus).digest
        if then != now:
            message = f"The data set is {now} today and was {then} at the run: what is said of texts and labels may not be about the same."
            yield warning(message, "Point $VALENCE_DATA at the files of the run, or run it again on these.", then=then, now=now)

"""A figure whose code nobody can find again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, note, warning
from valence.doctor.subject import Subject
from valence.store import RunRecord


class UnknownCode(Check):
    """A dirty tree, or no commit."""

    sentence: ClassVar[str] = "The code that made the run is in no commit, so that the figure cannot be made again."
    seed: ClassVar[str] = "every row: one working copy, changed between the runs"
    needs: ClassVar[tuple[type, ...]] = (RunRecord,)

    def applies(self, subject: Subject) -> str:
        """Outside predictions were made by other code."""
        return "" if subject.part(RunRecord).experiment else "the predictions were made elsewhere"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Read the provenance."""
        provenance = subject.part(RunRecord).provenance
        if provenance.dirty:
            message = f"The checkout held uncommitted changes on top of {provenance.commit[:12]}."
            yield warning(message, "Commit, then run it again with --again.", commit=provenance.commit)
        elif not provenance.commit:
            written = provenance.versions.get("valence", "?")
            yield note(f"No commit is recorded: the code ran from an installed package (valence {written}).", "", version=written)

"""A run that did not end well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, warning
from valence.doctor.subject import Subject
from valence.store import RunRecord


class UnfinishedRun(Check):
    """Failed or interrupted."""

    sentence: ClassVar[str] = "A run failed or was interrupted: the mean over its seeds is one over those that went well."
    seed: ClassVar[str] = "deberta_prefix, gemma-3-4b and Phi-4-mini, which never gave a figure"
    needs: ClassVar[tuple[type, ...]] = (RunRecord,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Read the status."""
        record = subject.part(RunRecord)
        if record.status != "ok":
            remedy = f"Run it again: {record.command}" if record.command else "Run it again."
            yield warning(f"The run is {record.status}: {record.error or 'no reason was recorded'}", remedy, status=record.status)

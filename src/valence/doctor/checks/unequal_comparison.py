"""Runs side by side that were not asked the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, note
from valence.doctor.parts import Group, Member
from valence.doctor.subject import Subject


class UnequalComparison(Check):
    """Other data, other texts, other code."""

    sentence: ClassVar[str] = "Runs are compared that were made on other data, scored on other texts, or written by other code."
    seed: ClassVar[str] = "the SST-2 curve ('all' used another test set), all rows (the code changed between them)"
    needs: ClassVar[tuple[type, ...]] = (Group,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare digests, texts and commits."""
        members = subject.part(Group).members
        apart = [member for member in members if member.outcomes is None]
        if apart:
            message = f"{len(apart)} of {len(members)} runs cannot be paired with the others: {apart[0].record.id}: {apart[0].reason}"
            yield error(message, "Score all of them on the same split of the same data.", runs=[m.record.id for m in apart])
        digests = Counter(m.record.provenance.data_digest for m in members if m.record.provenance.data_digest)
        if len(digests) > 1:
            usual = digests.most_common(1)[0][0]
            others = [m.record.id for m in members if m.record.provenance.data_digest not in {"", usual}]
            message = f"{len(others)} of {len(members)} runs were made on another state of the data set than the rest."
            yield error(message, "Run them again on the same files.", runs=others, digests=sorted(digests))
        yield from _asked(members)


def _asked(members: tuple[Member, ...]) -> Iterator[Finding]:
    commits = sorted({m.record.provenance.commit[:12] for m in members if m.record.provenance.commit})
    if len(commits) > 1:
        yield note(f"The runs were made by {len(commits)} commits of the code.", "", commits=commits)
    sizes = {m.record.n_train for m in members if m.record.experiment}
    if len(sizes) > 1:
        said = sorted("all" if n is None else f"{n:,}" for n in sizes)
        yield note(f"The runs were trained on {len(sizes)} different numbers of texts ({', '.join(said)}).", "", sizes=said)

"""A difference that chance explains, called an improvement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, warning
from valence.doctor.parts import Group, Member
from valence.doctor.subject import Subject
from valence.evaluation.outcomes import Outcomes
from valence.evaluation.paired import Comparison, Tally, compare_pairs, tally

LEVEL = 0.05
SHOWN = 6


class ImprovementWithinInterval(Check):
    """Ranks that the paired test does not back."""

    sentence: ClassVar[str] = "A row ranks above another though the paired test on the same texts cannot tell them apart."
    seed: ClassVar[str] = "deberta_unsloth_celoss: '.6 points better' with an identical loss"
    needs: ClassVar[tuple[type, ...]] = (Group,)

    def applies(self, subject: Subject) -> str:
        """Need two rows that can be paired."""
        rows = {m.record.group for m in subject.part(Group).members if m.outcomes is not None}
        return "" if len(rows) > 1 else "the runs are seeds of one row"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Test every row against the next one, adjusted by Holm."""
        rows = sorted(_rows(subject.part(Group).members), key=lambda row: -row[1].hits.mean() / row[1].spread.n_seeds)
        pairs = [(i, i + 1) for i in range(len(rows) - 1)]
        tests = compare_pairs([row for _, row in rows], pairs)
        weak = [(rows[a][0], rows[b][0], t) for (a, b), t in zip(pairs, tests, strict=True) if t.p_adjusted >= LEVEL and t.difference > 0]
        if weak:
            shown = "; ".join(_said(*one) for one in weak[:SHOWN]) + ("; …" if len(weak) > SHOWN else "")
            message = f"{len(weak)} of {len(pairs)} ranks are not backed by the paired test: {shown}."
            remedy = "Call these rows equal, or give them more seeds and more texts."
            yield warning(message, remedy, unbacked=len(weak), pairs=[f"{a} > {b}" for a, b, _ in weak])


def _rows(members: tuple[Member, ...]) -> list[tuple[str, Tally]]:
    groups: dict[str, list[tuple[str, Outcomes]]] = {}
    for member in members:
        if member.outcomes is not None:
            groups.setdefault(member.record.group, []).append((member.record.preset, member.outcomes))
    return [(runs[0][0], tally(np.stack([o.correct for _, o in runs]))) for runs in groups.values()]


def _said(first: str, second: str, test: Comparison) -> str:
    interval = f"{100 * test.low:+.2f} to {100 * test.high:+.2f}"
    return f"{first} over {second} by {100 * test.difference:.2f} points ({interval}, p = {test.p_adjusted:.2g})"

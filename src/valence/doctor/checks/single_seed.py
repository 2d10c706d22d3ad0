"""One seed where seeds vary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, note, percent, warning
from valence.doctor.parts import Group, Member
from valence.doctor.subject import Subject


class SingleSeed(Check):
    """A row that was run once beside rows whose seeds differ."""

    sentence: ClassVar[str] = "A row was run with one seed though its training is random, and its rank could change with another."
    seed: ClassVar[str] = "every row: no seed was set, each was run once"
    needs: ClassVar[tuple[type, ...]] = (Group,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Measure what seeds are worth where there are several, and look at the neighbours of the rows that have one."""
        rows = _rows(subject.part(Group).members)
        spreads = [float(np.std(v, ddof=1)) for v, _, _ in rows.values() if len(v) > 1]
        ordered = sorted(rows.items(), key=lambda item: -float(np.mean(item[1][0])))
        for place, (name, (values, title, random)) in enumerate(ordered):
            if len(values) > 1 or not random:
                continue
            others = [float(np.mean(v)) for other, (v, _, _) in ordered[max(0, place - 1) : place + 2] if other != name]
            gap = min((abs(values[0] - other) for other in others), default=1.0)
            spread = max(spreads, default=0.0)
            facts = {"accuracy": values[0], "gap": gap, "seed_deviation": spread}
            message = f"{title} ({percent(values[0])}) was run with one seed"
            remedy = "Run it with three seeds or more and compare their mean."
            if gap < 2 * spread:
                message += f", and its neighbour is {100 * gap:.2f} points away where seeds deviate by {100 * spread:.2f}"
                yield warning(f"{message}.", remedy, **facts, run=name)
            else:
                yield note(f"{message}; its training is random.", remedy, **facts, run=name)


def _rows(members: tuple[Member, ...]) -> dict[str, tuple[list[float], str, bool]]:
    """Return by group the accuracies of the seeds, the row's title, and whether chance plays a part in its training."""
    rows: dict[str, tuple[list[float], str, bool]] = {}
    for member in members:
        record = member.record
        if record.experiment and "accuracy" in record.metrics:
            values, _, _ = rows.setdefault(record.group, ([], record.preset, member.random))
            values.append(record.metrics["accuracy"])
    return rows

"""Two rows, one model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, note, warning
from valence.doctor.parts import Group
from valence.doctor.subject import Subject


class IdenticalPredictions(Check):
    """The same probabilities to the last digit."""

    sentence: ClassVar[str] = "Two runs give the same probabilities to the last digit: one model scored twice, or a seed that is not used."
    seed: ClassVar[str] = "deberta_unsloth_celoss: the loss written anew is the one the Trainer uses"
    needs: ClassVar[tuple[type, ...]] = (Group,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Group the runs by their probabilities."""
        same: dict[bytes, list[tuple[str, str, str]]] = {}
        for member in subject.part(Group).members:
            if member.outcomes is not None and np.ptp(member.outcomes.probabilities, axis=0).max() > 0:
                key = np.ascontiguousarray(member.outcomes.probabilities).tobytes()
                same.setdefault(key, []).append((member.record.id, member.record.group, member.record.preset))
        for runs in same.values():
            ids, groups = [run for run, _, _ in runs], {group for _, group, _ in runs}
            if len(groups) > 1:
                message = f"{len(runs)} runs with other settings give identical probabilities: {', '.join(ids[:4])}."
                yield warning(message, "Look whether the setting that differs is used at all.", runs=ids)
            elif len(runs) > 1:
                yield note(f"The {len(runs)} seeds of {runs[0][2]} give identical probabilities: one of them is enough.", "", runs=ids)

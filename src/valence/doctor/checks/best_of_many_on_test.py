"""Settings that were chosen by their figure on test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, percent, warning
from valence.doctor.parts import Group
from valence.doctor.subject import Subject

MANY = 4
"""Settings of one row that were scored on test: from here on the best of them is above what it will give on new texts."""


class BestOfManyOnTest(Check):
    """Many variants, all scored on test."""

    sentence: ClassVar[str] = "Many settings of one row were scored on test: the best of them was chosen on the texts that judge it."
    seed: ClassVar[str] = "deberta_ptuning (.958, one seed, while others got .58 and .67)"
    needs: ClassVar[tuple[type, ...]] = (Group,)

    def applies(self, subject: Subject) -> str:
        """Concerns the test split."""
        scored = {member.record.score_on for member in subject.part(Group).members}
        return "" if scored == {"test"} else "the runs were scored on dev, which is there to choose on"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Count the settings of each row."""
        rows: dict[tuple[str, int | None], dict[str, list[float]]] = {}
        for member in subject.part(Group).members:
            record = member.record
            if record.experiment and "accuracy" in record.metrics:
                variants = rows.setdefault((record.preset, record.n_train), {})
                variants.setdefault(record.group, []).append(record.metrics["accuracy"])
        for (preset, _), variants in rows.items():
            if len(variants) >= MANY:
                means = np.array([np.mean(v) for v in variants.values()])
                best, middle = float(means.max()), float(np.median(means))
                message = f"{len(variants)} settings of {preset} were scored on test, from {percent(float(means.min()))} to {percent(best)}"
                remedy = "Choose settings on dev (--score-on dev) or by the validation figures of the history, then score one on test."
                facts = {"settings": len(variants), "best": best, "median": middle}
                yield warning(f"{message} (median {percent(middle)}).", remedy, **facts, preset=preset)

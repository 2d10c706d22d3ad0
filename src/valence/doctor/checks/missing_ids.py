"""Texts that were not answered, and answers to texts that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, percent
from valence.doctor.parts import Answers, Gold
from valence.doctor.subject import Subject


class MissingIds(Check):
    """The ids are not those of the data set."""

    sentence: ClassVar[str] = "Ids of the scored split are missing or foreign, so that another set of texts was scored."
    seed: ClassVar[str] = "SST-2 'all', which used another test set than the points before it"
    needs: ClassVar[tuple[type, ...]] = (Answers, Gold)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare the two sets."""
        answers, gold = subject.part(Answers), subject.part(Gold)
        given, wanted = set(answers.ids), set(gold.split.ids)
        missing, foreign = wanted - given, given - wanted
        if not missing and not foreign:
            return
        message = (
            f"{len(missing):,} of {len(wanted):,} ids of {gold.split_name} are missing, {len(foreign):,} of {len(given):,} are foreign"
        )
        example = f" (the data set's look like {gold.split.ids[0]!r}, the file's like {answers.ids[0]!r})." if foreign else "."
        remedy = "Predict every text of the split once, and write the data set's own ids."
        share = len(missing) / len(wanted)
        facts = {"missing": len(missing), "foreign": len(foreign), "missing_share": share}
        yield error(message + example, remedy, **facts, ids=sorted(missing)[:5] or sorted(foreign)[:5])
        if 0 < share < 1:
            yield Finding("note", f"The accuracy is that of {percent(1 - share)} of the split.")

"""Texts that are cut before their end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, note, percent, warning
from valence.doctor.parts import LengthPolicy
from valence.doctor.subject import Subject

SEEN = 0.6
"""Mean share of a text that must be read for a figure to be about texts and not their beginnings."""
MANY_CUT = 0.25


class TextCut(Check):
    """How many texts lose their end, and how much is read."""

    sentence: ClassVar[str] = "A length limit cuts texts before their end, where reviews say what they mean."
    seed: ClassVar[str] = "instruction tuning: 85 % of test reviews lost their end, 45 % of the text was seen; all rows: cut at 512"
    needs: ClassVar[tuple[type, ...]] = (LengthPolicy,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare the lengths with the limit."""
        policy = subject.part(LengthPolicy)
        cut = policy.lengths > policy.limit
        if not cut.any():
            return
        seen = float(np.minimum(policy.limit / np.maximum(policy.lengths, 1), 1).mean())
        facts: dict[str, float | str] = {"limit": policy.limit, "cut": float(cut.mean()), "seen": seen, "keep": policy.keep}
        about = "about " if policy.estimated else ""
        message = (
            f"{about}{percent(float(cut.mean()))} of the texts are longer than {policy.limit} {policy.unit} and keep their {policy.keep}"
        )
        message = f"{message[0].upper()}{message[1:]}; of a text {about}{percent(seen)} is read on average."
        remedy = "Raise the limit, or keep head and tail: the verdict often stands at the end."
        if seen < SEEN:
            yield error(message, remedy, **facts)
        elif cut.mean() > MANY_CUT and policy.keep == "head":
            yield warning(message, remedy, **facts)
        else:
            yield note(message, "", **facts)

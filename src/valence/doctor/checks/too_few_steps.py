"""A training that ends before anything is learned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, warning
from valence.doctor.parts import Schedule
from valence.doctor.subject import Subject

TOO_FEW = 10
FEW = 40


class TooFewSteps(Check):
    """Three steps."""

    sentence: ClassVar[str] = f"The training takes fewer than {FEW} steps of the optimiser, which moves no pretrained network far."
    seed: ClassVar[str] = "the SST-2 curve: N = 16 in batches of 16 for 3 epochs"
    needs: ClassVar[tuple[type, ...]] = (Schedule,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Look at the number of steps."""
        plan = subject.part(Schedule)
        if plan.steps >= FEW:
            return
        message = f"The training takes {plan.steps} steps{f' ({plan.how})' if plan.how else ''}."
        remedy = "Set the number of steps, not of epochs, for small samples (max_steps = 200 and more), or smaller batches."
        yield (error if plan.steps < TOO_FEW else warning)(message, remedy, steps=plan.steps)

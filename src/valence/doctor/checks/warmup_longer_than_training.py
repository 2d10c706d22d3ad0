"""A learning rate that never reaches its peak."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, warning
from valence.doctor.parts import Schedule
from valence.doctor.subject import Subject


class WarmupLongerThanTraining(Check):
    """500 warm-up steps, 3 steps of training."""

    sentence: ClassVar[str] = "The learning rate still rises when the training is over: warm-up steps exceed, or nearly fill, all steps."
    seed: ClassVar[str] = "the SST-2 curve: warm-up 500 steps, N = 16 trains for 3"
    needs: ClassVar[tuple[type, ...]] = (Schedule,)

    def applies(self, subject: Subject) -> str:
        """Need to know the warm-up."""
        return "" if subject.part(Schedule).warmup is not None else "the warm-up is unknown: hand in the training arguments"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare the two numbers."""
        plan = subject.part(Schedule)
        warmup = plan.warmup or 0.0
        facts = {"steps": plan.steps, "warmup": warmup}
        where = f" ({plan.how})" if plan.how else ""
        remedy = "Give the warm-up as a share of the steps, a tenth at most (warmup_ratio = 0.06)."
        if math.isinf(warmup):
            yield error(f"The learning rate still rose at the last of {plan.steps:,} steps{where}.", remedy, steps=plan.steps)
        elif warmup >= plan.steps:
            message = f"The warm-up of {warmup:,.0f} steps is longer than the training of {plan.steps:,}{where}: the learning rate reached "
            yield error(f"{message}{100 * plan.steps / warmup:.1f} % of its peak.", remedy, **facts)
        elif warmup > plan.steps / 2:
            yield warning(f"The warm-up takes {warmup:,.0f} of {plan.steps:,} steps{where}.", remedy, **facts)

"""A loss that went to NaN or infinity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import History
from valence.doctor.subject import Subject


class LossNotFinite(Check):
    """NaN from epoch 5."""

    sentence: ClassVar[str] = "A training or validation loss is NaN or infinite: from there on the weights are, too."
    seed: ClassVar[str] = "lstm: Adam at 0.05, NaN from epoch 5, predictions written anyway"
    needs: ClassVar[tuple[type, ...]] = (History,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Find the first one."""
        history = subject.part(History)
        losses = [*history.losses, *((v.step, v.loss) for v in history.validations if v.loss is not None)]
        bad = sorted(step for step, loss in losses if not math.isfinite(loss))
        if bad:
            message = f"{len(bad)} of {len(losses)} logged losses are not finite, the first at step {bad[0]:g}."
            remedy = "Lower the learning rate tenfold, clip the gradients, leave float16; stop at the first NaN."
            yield error(message, remedy, first_step=bad[0], count=len(bad))

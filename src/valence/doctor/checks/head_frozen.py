"""A head that was never trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.checks.head_not_saved import head_tensors, why_not
from valence.doctor.parts import SavedModel
from valence.doctor.subject import Subject


class HeadFrozen(Check):
    """Its bias is exactly zero, as at the start."""

    sentence: ClassVar[str] = "The head's bias is exactly zero in all places, as it starts: one step of training would have moved it."
    seed: ClassVar[str] = "deberta_prompt (.515): the head was frozen too"
    needs: ClassVar[tuple[type, ...]] = (SavedModel,)

    def applies(self, subject: Subject) -> str:
        """Need a head with a bias."""
        saved = subject.part(SavedModel)
        reason = why_not(saved)
        return reason or ("" if _biases(saved) else "the head has no bias by which to tell, or was not saved")

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Read the biases."""
        saved = subject.part(SavedModel)
        frozen = [name for name in _biases(saved) if not saved.read(name).any()]
        if frozen:
            message = f"{frozen[0]} is zero in all {saved.tensors[frozen[0]][0]} places: the head was never trained."
            remedy = 'Let the head learn: requires_grad, or modules_to_save = ["classifier"] in PEFT.'
            yield error(message, remedy, tensors=frozen)


def _biases(saved: SavedModel) -> list[str]:
    return [name for name in head_tensors(saved) if name.endswith(".bias") and "norm" not in name.lower()]

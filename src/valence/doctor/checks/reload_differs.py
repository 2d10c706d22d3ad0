"""A saved model that is not the one that was scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, warning
from valence.doctor.parts import Fitted
from valence.doctor.subject import Subject

MUCH = 0.02
"""Half precision on another device moves probabilities by less."""


class ReloadDiffers(Check):
    """The head was not saved."""

    sentence: ClassVar[str] = "Read back, the model does not give the predictions that were stored: a part of it was not saved."
    seed: ClassVar[str] = "deberta_lora: random pooler, frozen and not saved"
    needs: ClassVar[tuple[type, ...]] = (Fitted,)

    def applies(self, subject: Subject) -> str:
        """Need stored predictions."""
        return "" if subject.part(Fitted).stored is not None else "no predictions were stored beside the model"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Predict again and compare."""
        fitted = subject.part(Fitted)
        assert fitted.stored is not None
        now = fitted.predict(fitted.texts)
        apart = np.abs(now - fitted.stored).max(axis=1)
        flips = int((now.argmax(axis=1) != fitted.stored.argmax(axis=1)).sum())
        if apart.max() <= fitted.tolerance:
            return
        facts: dict[str, float] = {"largest": float(apart.max()), "flipped": flips, "asked": len(now)}
        message = (
            f"Of {len(now)} texts asked again probabilities differ by up to {apart.max():.3g} from the stored ones, {flips} in their class."
        )
        if apart.max() > MUCH:
            yield error(message, "Save every part that was trained or drawn at random, head and pooler too (modules_to_save).", **facts)
        else:
            yield warning(message, "Rounding of another device or precision; predict in float32 to be sure.", **facts)

"""A model that answers another time differently."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Fitted
from valence.doctor.subject import Subject


class AnswersVary(Check):
    """Dropout is on, or answers are sampled."""

    sentence: ClassVar[str] = "Asked twice the model answers differently: dropout is on at prediction, or answers are sampled."
    seed: ClassVar[str] = "bert_native (model.eval() never called), the zero-shot LLMs (sampling on)"
    needs: ClassVar[tuple[type, ...]] = (Fitted,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Ask twice."""
        fitted = subject.part(Fitted)
        first, second = fitted.predict(fitted.texts), fitted.predict(fitted.texts)
        apart = np.abs(first - second).max(axis=1)
        if apart.max() > fitted.tolerance or not np.isfinite(apart).all():
            flips = int((first.argmax(axis=1) != second.argmax(axis=1)).sum())
            changed = int((apart > fitted.tolerance).sum())
            message = f"Asked twice, {changed} of {len(first)} texts got other answers (by up to {apart.max():.3g}), {flips} another class."
            remedy = "Call model.eval() before predicting; let language models answer greedily (do_sample = false)."
            yield error(message, remedy, largest=float(apart.max()), changed=changed, flipped=flips)

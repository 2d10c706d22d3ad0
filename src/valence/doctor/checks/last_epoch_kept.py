"""The weights of the last epoch, though an earlier one was better."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, warning
from valence.doctor.parts import History, Validation
from valence.doctor.subject import Subject

MUCH = 0.01
"""Accuracy given away that no validation set of usual size explains by chance."""


class LastEpochKept(Check):
    """Early stopping was there for the taking."""

    sentence: ClassVar[str] = "The last epoch was kept though an earlier one was better on the validation texts."
    seed: ClassVar[str] = "all networks trained from scratch: 10 epochs, last one kept"
    needs: ClassVar[tuple[type, ...]] = (History,)

    def applies(self, subject: Subject) -> str:
        """Need several looks at the validation texts."""
        count = len(_scored(subject.part(History)))
        return "" if count > 1 else f"{count} validations were logged, two are needed"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare the best with the last; nothing is wrong where the best was kept."""
        history = subject.part(History)
        if history.kept == "best":
            return
        found = _scored(history)
        best, last = max(found, key=lambda item: item[0]), found[-1]
        lost = best[0] - last[0]
        if lost <= 0 or best[1] is last[1]:
            return
        by_accuracy = last[1].accuracy is not None
        what = "accuracy" if by_accuracy else "loss"
        message = f"Validation {what} was {abs(best[0]):.4f} at step {best[1].step:g} and {abs(last[0]):.4f} at the last, {last[1].step:g}"
        remedy = "Keep the best epoch (load_best_model_at_end = true, metric_for_best_model), chosen on validation texts alone."
        facts = {"best": abs(best[0]), "last": abs(last[0]), "best_step": best[1].step, "last_step": last[1].step}
        sure = history.kept == "last"
        wrong = sure and by_accuracy and lost >= MUCH
        yield (error if wrong else warning)(
            f"{message}{'' if sure else '; whether the best was kept the log does not say'}.", remedy, **facts
        )


def _scored(history: History) -> list[tuple[float, Validation]]:
    """Return (score, validation), higher is better: accuracy where it was logged throughout, else minus the loss."""
    if all(v.accuracy is not None for v in history.validations):
        return [(v.accuracy, v) for v in history.validations if v.accuracy is not None]
    return [(-v.loss, v) for v in history.validations if v.loss is not None and math.isfinite(v.loss)]

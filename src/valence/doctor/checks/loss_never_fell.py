"""A training that learned nothing, or unlearned it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, warning
from valence.doctor.parts import History
from valence.doctor.subject import Subject

ENOUGH = 4
"""Logged losses below which no course can be seen."""
SPIKE = 2.0
"""The end of a training that lost its way is this many times its lowest loss, and half its start."""
UNLIKE = 2.0
"""Times the loss of guessing from which on a loss is no cross-entropy of the labels alone: of words, of pairs, of two tasks."""
LEARNED = 0.8
"""Share of the loss of guessing below which the validation loss of the kept weights says that something was learned."""
RISEN = 1.2
"""A training that lost its way ends with this many times its lowest validation loss; where it does not, single batches were strange."""


class LossNeverFell(Check):
    """The last losses are no lower than the first."""

    sentence: ClassVar[str] = "The loss never fell below its start, or rose again: a learning rate too high or too low, or frozen weights."
    seed: ClassVar[str] = "cnn and gru (SGD at 0.8), deberta_prompt (head frozen)"
    needs: ClassVar[tuple[type, ...]] = (History,)

    def applies(self, subject: Subject) -> str:
        """Need a course to look at."""
        count = sum(math.isfinite(loss) for _, loss in subject.part(History).losses)
        return "" if count >= ENOUGH else f"{count} finite training losses were logged, {ENOUGH} are needed to see a course"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare the median of the first tenth with the last, both with the lowest stretch between, and with guessing."""
        history = subject.part(History)
        losses = np.array([loss for _, loss in history.losses if math.isfinite(loss)])
        width = max(1, len(losses) // 10)
        # medians: the last batch of an epoch may hold a text or two, and its loss be anything
        levels = np.median(np.lib.stride_tricks.sliding_window_view(losses, width), axis=1)
        first, last, lowest = float(levels[0]), float(levels[-1]), float(levels.min())
        guess = math.log(history.classes)
        learned, steady = _validated(history, guess)
        facts = {"first": first, "last": last, "lowest": lowest, "guessing": guess}
        remedy = "Try the learning rate tenfold lower and tenfold higher, and look which weights are trained."
        if last >= 0.98 * first and not (first < 0.3 * guess or learned):
            yield error(f"The loss went from {first:.3f} to {last:.3f}: it never fell (guessing gives {guess:.3f}).", remedy, **facts)
        elif 0.95 * guess < last < UNLIKE * guess and min(first, lowest) > 0.95 * guess and not learned:
            yield warning(f"The loss ended at {last:.3f}, hardly below guessing ({guess:.3f}).", remedy, **facts)
        elif last > SPIKE * lowest and last > first / 2 and last > 0.5 * guess and not steady:
            yield warning(f"The loss fell to {lowest:.3f} and rose again to {last:.3f}.", remedy, **facts)


def _validated(history: History, guess: float) -> tuple[bool, bool]:
    """Tell whether the validation losses say that something was learned, and whether they say that it was not lost again."""
    found = [v.loss for v in history.validations if v.loss is not None and math.isfinite(v.loss)]
    if not found:
        return False, False
    kept = min(found) if history.kept == "best" else found[-1]
    return kept < LEARNED * guess, len(found) > 1 and found[-1] <= RISEN * min(found)

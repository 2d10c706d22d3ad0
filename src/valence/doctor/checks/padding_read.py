"""Padding that is read as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error
from valence.doctor.checks.batch_neighbours import shuffled, spread
from valence.doctor.parts import Fitted
from valence.doctor.subject import Absent, Subject

LONGER = (20, 200)
"""Words that a neighbour is longer by: little and much padding."""


class PaddingRead(Check):
    """The state at PAD."""

    sentence: ClassVar[str] = "A text's score changes when a longer neighbour makes it be padded: PAD is read as text."
    seed: ClassVar[str] = "all networks trained from scratch: 57 % of positions were PAD, without a mask; gru reads the state at PAD"
    needs: ClassVar[tuple[type, ...]] = (Fitted,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Ask each text alone and beside longer ones.

        Raises:
            Absent: neighbours of the same length change the answers already.
        """
        fitted = subject.part(Fitted)
        texts = spread(fitted.texts)
        alone = np.stack([fitted.predict([text])[0] for text in texts])
        beside = np.stack([fitted.predict([text, *shuffled(text)])[0] for text in texts])
        if np.abs(alone - beside).max() > fitted.tolerance:
            raise Absent("neighbours change the answers even without padding (see batch_neighbours)")
        found = {more: np.stack([fitted.predict([text, f"{text} {'and so on ' * (more // 3)}"])[0] for text in texts]) for more in LONGER}
        apart = {more: float(np.abs(alone - p).max()) for more, p in found.items()}
        worst = max(apart, key=lambda more: apart[more])
        if apart[worst] > fitted.tolerance:
            flips = int((alone.argmax(axis=1) != found[worst].argmax(axis=1)).sum())
            message = f"Padded by {worst} words a text's answer moves by up to {apart[worst]:.3g}; {flips} of {len(texts)} change class."
            remedy = "Give PAD an id of its own, mask it in pooling and attention, take the state at the last real word."
            yield error(message, remedy, largest=apart[worst], flipped=flips, asked=len(texts))

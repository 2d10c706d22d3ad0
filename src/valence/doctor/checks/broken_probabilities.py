"""Probabilities that are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.data.answers import SUM_TOLERANCE
from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Answers
from valence.doctor.subject import Subject

BATCHES = (8, 16, 32, 64, 128, 256)
"""Batch sizes over which a softmax along the wrong axis would make the columns sum to 1."""


class BrokenProbabilities(Check):
    """NaN, infinities, negative values, rows that do not sum to 1."""

    sentence: ClassVar[str] = "Probabilities are NaN or infinite, negative, or do not sum to 1; of NaN argmax makes class 0."
    seed: ClassVar[str] = "lstm (NaN from epoch 5, argmax(NaN) = 0), attention_lstm (softmax over the batch axis)"
    needs: ClassVar[tuple[type, ...]] = (Answers,)

    def applies(self, subject: Subject) -> str:
        """Need probabilities."""
        return "" if subject.part(Answers).probabilities is not None else "the predictions are labels only"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Look at every row."""
        answers = subject.part(Answers)
        p = answers.probabilities
        assert p is not None
        broken = np.asarray(~np.isfinite(p).all(axis=1))
        if broken.any():
            rows = [answers.ids[i] for i in np.flatnonzero(broken)[:5]]
            zero = int((answers.predicted[broken] == 0).sum())
            message = f"{broken.sum():,} of {len(p):,} rows are not finite; {zero:,} of them became {answers.names[0]!r} through argmax."
            remedy = "Stop a training whose loss is not finite; lower the learning rate, clip the gradients, run it again."
            yield error(message, remedy, rows=int(broken.sum()), became_first_class=zero, ids=rows)
        yield from _sums(answers, p, ~broken)


def _sums(answers: Answers, p: NDArray[np.float64], whole: NDArray[np.bool_]) -> Iterator[Finding]:
    total = p.sum(axis=1)
    off = whole & ((np.abs(total - 1) > SUM_TOLERANCE) | (p < -1e-6).any(axis=1))
    if not off.any():
        return
    size = _batch_axis(p[whole])
    worst = int(np.where(off, np.abs(total - 1), 0).argmax())
    if size:
        message = f"Rows do not sum to 1, but every {size} rows of a column do: the softmax ran over the batch axis."
        remedy = "Take the softmax over the classes (dim=-1); as it is a text's score depends on its neighbours."
    elif (p[off] < 0).any():
        message, remedy = f"{off.sum():,} of {len(p):,} rows hold negative values: these are logits.", "Write softmax(logits, dim=-1)."
    else:
        message = f"{off.sum():,} of {len(p):,} rows do not sum to 1 (the row of {answers.ids[worst]} sums to {total[worst]:.4g})."
        remedy = "Write softmax(logits, dim=-1), the probabilities of all classes."
    yield error(message, remedy, rows=int(off.sum()), worst_sum=float(total[worst]), batch=size, ids=[answers.ids[worst]])


def _batch_axis(p: NDArray[np.float64]) -> int:
    """Return the batch size over which columns sum to 1, 0 where there is none."""
    for size in (*BATCHES, len(p)):
        blocks = len(p) // size
        if blocks and size > 1 and np.allclose(p[: blocks * size].reshape(blocks, size, -1).sum(axis=1), 1, atol=SUM_TOLERANCE):
            return size
    return 0

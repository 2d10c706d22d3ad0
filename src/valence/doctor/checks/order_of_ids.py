"""Answers that stand beside other texts' ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.doctor.check import Check, Finding, error, percent
from valence.doctor.parts import UNKNOWN, Answers, Gold
from valence.doctor.subject import Subject

GAIN = 0.05
"""Accuracy that another order must bring to be evidence."""
SURE = 6.0
"""Standard errors that this must be: a dozen orders are tried."""
SHIFTS = (-3, -2, -1, 1, 2, 3)


class OrderOfIds(Check):
    """Matched by id the answers are wrong, matched by another order they are right."""

    sentence: ClassVar[str] = "Answers stand beside the ids of other texts: shifted, sorted or in the data set's order they fit far better."
    seed: ClassVar[str] = "no row; length-sorted prediction written back unsorted is how it comes about"
    needs: ClassVar[tuple[type, ...]] = (Answers, Gold)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Try the orders in which files go wrong, and compare the labels the file itself states."""
        answers, gold = subject.part(Answers), subject.part(Gold)
        label = dict(zip(gold.split.ids, gold.split.labels.tolist(), strict=True))
        truth = np.array([label.get(name, UNKNOWN) for name in answers.ids], dtype=np.int64)
        yield from _stated(answers, truth)
        if (truth >= 0).sum() < 2:
            return
        here = _accuracy(answers.predicted, truth)
        found = [(_accuracy(answers.predicted, other), how) for how, other in _orders(answers, gold, label, truth)]
        best, how = max(found, default=(0.0, ""))
        noise = np.sqrt((here * (1 - here) + best * (1 - best) + 1e-9) / len(truth))
        if best - here > GAIN and (best - here) / noise > SURE:
            message = f"Matched by id the accuracy is {percent(here)}, {how} {percent(best)}: the answers stand beside other texts' ids."
            yield error(
                message, "Keep each id with its text through sorting, shuffling and batching.", by_id=here, otherwise=best, order=how
            )


def _stated(answers: Answers, truth: NDArray[np.int64]) -> Iterator[Finding]:
    if answers.stated is None:
        return
    both = (answers.stated >= 0) & (truth >= 0)
    torn = both & (answers.stated != truth)
    if torn.any():
        ids = [answers.ids[i] for i in np.flatnonzero(torn)[:5]]
        message = f"{torn.sum():,} of {both.sum():,} true labels in {answers.source} are not those of the data set for the same id."
        yield error(message, "Keep each id with its text and label through sorting and shuffling.", different=int(torn.sum()), ids=ids)


def _accuracy(said: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    known = truth >= 0
    return float((said[known] == truth[known]).mean()) if known.any() else 0.0


def _orders(answers: Answers, gold: Gold, label: dict[str, int], truth: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield the true labels as they would stand if the answers had been computed in another order than the ids were written."""
    for shift in SHIFTS:
        yield f"shifted by {shift:+d} rows", np.roll(truth, -shift)
    if len(truth) != len(gold.split):
        return
    ids = list(gold.split.ids)
    lengths = {name: len(text) for name, text in zip(ids, gold.split.texts, strict=True)}
    orders = {
        "in the data set's order": ids,
        "in the data set's order backwards": ids[::-1],
        "with ids sorted as text": sorted(ids),
        "with ids sorted as numbers": sorted(ids, key=_as_numbers),
        "with texts sorted by length": sorted(ids, key=lambda i: lengths[i]),
        "with texts sorted by length, longest first": sorted(ids, key=lambda i: -lengths[i]),
    }
    for how, order in orders.items():
        yield how, np.array([label[name] for name in order], dtype=np.int64)


def _as_numbers(name: str) -> tuple[tuple[int, ...], str]:
    return tuple(int(n) for n in re.findall(r"\d+", name)), name

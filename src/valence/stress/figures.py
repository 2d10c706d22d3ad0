"""What a trial comes to: accuracy before and after, on the same texts, and how often the answer changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.evaluation.paired import compare, tally
from valence.evaluation.uncertainty import Interval, wilson
from valence.stress.stressor import Expectation, Trial

TOLERANCE = 0.1
"""A probability may fall by this much before a directional expectation counts as broken (Ribeiro et al., 2020)."""
SHOWN = 8
"""Broken texts that are named."""

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Finding:
    """The figures of one trial; None where they do not apply. Intervals are 95 %."""

    stressor: str
    name: str
    expects: Expectation
    n: int
    """Texts, or pairs of them."""
    before: Interval | None
    """Accuracy on the unchanged texts."""
    after: Interval | None
    """Accuracy on the changed ones."""
    change: Interval | None
    """After less before, paired by text."""
    p: float | None
    """McNemar's, of that change."""
    flipped: Interval | None
    """Share of the pairs whose answers differ."""
    both: Interval | None
    """Share of the pairs with both answers right."""
    broken: Interval | None
    """Share of the pairs that break what is expected; None for `open`."""
    note: str
    failures: tuple[str, ...]
    """Some that broke it: ids, or the texts where they are ours."""


def finding(stressor: str, trial: Trial, after: Probabilities, before: Probabilities | None) -> Finding:
    """Work out a trial.

    Args:
        stressor: its name.
        trial: what was classified.
        after: (n, k) answers to the changed texts.
        before: (n, k) answers to the unchanged ones; None where there are none.
    """
    answer = after.argmax(axis=1)
    n = len(trial.after)
    right, known = _right(answer, trial.labels, n)
    old = None if before is None else before.argmax(axis=1)
    old_right, old_known = _right(old, trial.labels_before, n)
    paired = known & old_known
    broken = _broken(trial, after, before)
    change = _change(old_right[paired], right[paired]) if paired.any() else (None, None)
    return Finding(
        stressor=stressor,
        name=trial.name,
        expects=trial.expects,
        n=n,
        before=_share(old_right, old_known),
        after=_share(right, known),
        change=change[0],
        p=change[1],
        flipped=None if old is None else _share(answer != old),
        both=_share(right & old_right, paired),
        broken=None if broken is None else _share(broken),
        note=trial.note,
        failures=() if broken is None else _failures(trial, broken),
    )


def _right(answer: NDArray[np.intp] | None, labels: NDArray[np.int64] | None, n: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (n,) whether each answer is right, and whether that can be told."""
    if answer is None or labels is None:
        return np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    return np.asarray(answer == labels), np.asarray(labels >= 0)


def _share(values: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> Interval | None:
    kept = values if among is None else values[among]
    return wilson(int(kept.sum()), len(kept)) if len(kept) else None


def _change(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> tuple[Interval, float]:
    found = compare(tally(after[None]), tally(before[None]))
    return Interval(found.difference, found.low, found.high), found.p


def _broken(trial: Trial, after: Probabilities, before: Probabilities | None) -> NDArray[np.bool_] | None:
    """Return (n,) True where the expectation is broken; None where nothing is expected."""
    if trial.expects == "open" or before is None:
        return None
    if trial.expects == "toward":
        return np.asarray(after[:, trial.toward] < before[:, trial.toward] - TOLERANCE)
    same = after.argmax(axis=1) == before.argmax(axis=1)
    return np.asarray(same if trial.expects == "turned" else ~same)


def _failures(trial: Trial, broken: NDArray[np.bool_]) -> tuple[str, ...]:
    rows = np.flatnonzero(broken)[:SHOWN].tolist()
    if trial.own_words and trial.before is not None:
        return tuple(f"{trial.before[i]} → {trial.after[i]}" for i in rows)
    return tuple(trial.ids[i] for i in rows)


__all__ = ["TOLERANCE", "Finding", "finding"]

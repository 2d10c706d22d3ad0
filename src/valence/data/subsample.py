"""Take part of a split: a nested stratified sample for a learning curve, and texts held out for validation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from valence.data._hash_split import nearest
from valence.data._texts import collapse, text_keys
from valence.errors import BadData, BadSetting
from valence.types import Split

Rows = NDArray[np.intp]


def subsample(split: Split, n: int, *, seed: int, labels: int | None = None) -> Split:
    """Return n labelled rows in their old order; with one seed a smaller sample is part of every larger one.

    The classes have the shares they have in the split, as nearly as whole rows allow, and one row each at the least.
    Each class is shuffled and its j-th row (from 0) gets the rank (j + 1/2) / class size; the n lowest ranks are taken.
    That is the apportionment of Webster and Sainte-Laguë, which unlike rounding never takes a row back as n grows.

    Args:
        split: rows without a label are left aside.
        n: how many rows.
        seed: of the shuffles; NumPy's PCG64, the same on every platform.
        labels: the number of classes; those that occur when not given.

    Raises:
        BadSetting: n is less than the number of classes or more than the labelled rows, the seed is negative, or a
            class has no rows.
    """
    _check_seed(seed)
    classes = np.unique(split.labels[split.labels >= 0]) if labels is None else np.arange(labels)
    rows = [np.flatnonzero(split.labels == c) for c in classes]
    absent = [int(c) for c, found in zip(classes, rows, strict=True) if not len(found)]
    if absent:
        raise BadSetting(f"No row has the label {absent[0]}, and a sample needs at least one of each of {len(classes)} classes.")
    available = sum(map(len, rows))
    if not len(classes) <= n <= available:
        raise BadSetting(
            f"n = {n:,} rows were asked for; {available:,} labelled rows of {len(classes)} classes allow {len(classes)} to {available:,}."
        )
    ranks = [(np.arange(len(found)) + 0.5) / len(found) for found in rows]
    for rank in ranks:
        rank[0] = 0.0  # one of each class comes before all others
    shuffled = [np.random.default_rng([seed, int(c)]).permutation(found) for c, found in zip(classes, rows, strict=True)]
    first = np.argsort(np.concatenate(ranks), kind="stable")[:n]
    return split.select(np.sort(np.concatenate(shuffled)[first]))


def sample_per_class(split: Split, k: int, *, seed: int) -> Split:
    """Return k labelled rows of each class in their old order; with one seed a smaller sample is part of every larger one.

    The protocol of few-shot studies (Gao et al., 2021, arXiv:2012.15723), which use the seeds 13, 21, 42, 87 and 100 and a
    second such sample to validate on; here what validates is held out of the k.

    Args:
        split: rows without a label are left aside.
        k: how many rows of each class that occurs.
        seed: of the shuffles, which are those of `subsample`.

    Raises:
        BadSetting: k is less than 1 or more than the rows of a class, there is no label, or the seed is negative.
    """
    _check_seed(seed)
    classes = np.unique(split.labels[split.labels >= 0])
    rows = [np.flatnonzero(split.labels == c) for c in classes]
    least = min(map(len, rows), default=0)
    if not 1 <= k <= least:
        raise BadSetting(
            f"{k:,} rows of each class were asked for; the smallest of {len(classes)} classes has {least:,}. Ask for 1 to {least:,}."
        )
    shuffled = [np.random.default_rng([seed, int(c)]).permutation(found)[:k] for c, found in zip(classes, rows, strict=True)]
    return split.select(np.sort(np.concatenate(shuffled)))


def hold_out(split: Split, fraction: float, *, seed: int) -> tuple[Split, Split]:
    """Part a split into train and valid, both in the old order.

    Texts that are the same once HTML is unescaped and white space collapsed stay on one side. Of each class `fraction`
    of the rows is valid, as nearly as that allows; a class with two different texts or more has at least one on either
    side, a class with one stays in train. (Where texts carry several labels that can be impossible; then it is tried.)

    Args:
        split: rows without a label are parted like a class of their own.
        fraction: of the rows, in (0, 1).
        seed: of the shuffle; NumPy's PCG64, the same on every platform.

    Returns:
        The rows to train on and the rows to validate on.

    Raises:
        BadSetting: the fraction is not between 0 and 1, or the seed is negative.
        BadData: no class has two different texts.
    """
    _check_seed(seed)
    if not 0 < fraction < 1:
        raise BadSetting(f"fraction = {fraction} is out of range. It must be above 0 and below 1.")
    _, first, group = np.unique(text_keys(split.texts, collapse), return_index=True, return_inverse=True)
    # Groups are numbered by their first row, so that the order of the hashes plays no part.
    order = np.argsort(first, kind="stable")
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    group = number[group]
    held = _choose(group, split.labels[first[order]], fraction, seed)
    held = _repair(held, group, split.labels)
    if not held.any():
        raise BadData(f"None of {len(split):,} rows can be held out: no class has two different texts. Add texts.")
    valid = held[group]
    return split.select(np.flatnonzero(~valid)), split.select(np.flatnonzero(valid))


def _choose(group: Rows, label: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Return (g,) True for the groups held out, `fraction` of each class's rows; a group's class is its first row's."""
    counts = np.bincount(group)
    held = np.zeros(len(counts), dtype=np.bool_)
    for c in np.unique(label):
        groups = np.random.default_rng([seed, int(c) + 1]).permutation(np.flatnonzero(label == c))
        held[groups[: nearest(counts[groups], fraction)]] = True
    return held


def _repair(held: NDArray[np.bool_], group: Rows, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where texts carry several labels, move one to the side that lacks a class, if that takes no class from the other side."""
    pairs = np.unique(np.stack([group, labels], axis=1), axis=0)
    if len(pairs) == len(held):
        return held  # every text has one label, and `_choose` has seen to each class
    for c in np.unique(labels):
        groups = pairs[pairs[:, 1] == c, 0]
        side = held[groups[0]]
        if len(groups) < 2 or (held[groups] != side).any():
            continue
        for g in groups:
            classes = pairs[pairs[:, 0] == g, 1]
            if all((held[pairs[pairs[:, 1] == other, 0]] == side).sum() > 1 for other in classes):
                held[g] = not side
                break
    return held


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise BadSetting(f"seed = {seed} is negative. It must be 0 or more.")

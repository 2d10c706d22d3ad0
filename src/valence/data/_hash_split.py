"""A split that depends on the texts alone: not on a seed, the order of the rows or the machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def hash_split(keys: NDArray[np.uint64], strata: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Choose the rows of the test part: within each stratum those with the smallest keys.

    Args:
        keys: (n,) a text's key, from `text_keys`; rows with one key stay on one side.
        strata: (n,) the share holds within each of these; a key in two of them counts for the smaller.
        share: of the rows, in (0, 1), that are to be test.

    Returns:
        (n,) True for test. The number of rows is as near to `share` as duplicates allow; of two keys or more in a
        stratum at least one is on either side, a single one is not test.
    """
    unique, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    stratum = np.full(len(unique), np.iinfo(np.int64).max)
    np.minimum.at(stratum, group, strata)
    test = np.zeros(len(unique), dtype=np.bool_)
    for s in np.unique(stratum):
        rows = np.flatnonzero(stratum == s)
        test[rows[: nearest(counts[rows], share)]] = True
    chosen: NDArray[np.bool_] = test[group]
    return chosen


def nearest(counts: NDArray[np.int64], share: float) -> int:
    """Return how many of the leading groups hold `share` of all rows as nearly as can be, one and all but one at the outside.

    Args:
        counts: (g,) rows in each group.
        share: in (0, 1).
    """
    if len(counts) < 2:
        return 0
    held = np.cumsum(counts)
    best = int(np.abs(held - share * held[-1]).argmin()) + 1
    return min(best, len(counts) - 1)

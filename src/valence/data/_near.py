"""Find pairs of texts that are nearly the same: locality-sensitive hashing proposes, the true Jaccard index decides.

A pair is proposed when its signatures agree in one of b bands of r entries each, which happens with the probability
1 - (1 - s^r)^b at a Jaccard index of s (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from valence.data._shingles import PERMUTATIONS, jaccard, shingles, signature
from valence.errors import BadSetting, MissingPackage

RECALL = 0.99
"""The least share of the pairs at the threshold that must be proposed; above the threshold it is higher."""
MOST = 100
"""Candidates a text is compared with; without a limit, ten thousand copies of one form letter would make fifty million pairs."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class NearPair:
    """Rows i < j of the texts, and their Jaccard index."""

    i: int
    j: int
    jaccard: float


@dataclass(slots=True)
class _Signed:
    """What the index wants of a MinHash: 64 values and their number."""

    hashvalues: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.hashvalues)


def bands(threshold: float) -> tuple[int, int]:
    """Return (b, r): the widest bands that still propose 99 % of the pairs at the threshold.

    Raises:
        BadSetting: the threshold is not in [0.5, 1]; below, too many texts that only share a topic would be proposed.
    """
    if not 0.5 <= threshold <= 1:
        raise BadSetting(f"threshold = {threshold} is out of range. It must be from 0.5 to 1.")
    widths = (r for r in range(PERMUTATIONS // 2, 0, -1) if 1 - (1 - threshold**r) ** (PERMUTATIONS // r) >= RECALL)
    r = next(widths)
    return PERMUTATIONS // r, r


def near_pairs(texts: Sequence[str], rows: Sequence[int], threshold: float, progress: Progress) -> Iterator[NearPair]:
    """Yield the pairs among `rows` of `texts` whose sets of word triples have a Jaccard index of at least `threshold`.

    Some 7,000 reviews of 230 words a second on one core; the index takes about 4 kB per text (10 kB at a threshold of 0.5).

    Raises:
        MissingPackage: datasketch is not installed.
        BadSetting: the threshold is not in [0.5, 1].
    """
    b, r = bands(threshold)
    if find_spec("datasketch") is None:
        raise MissingPackage("datasketch", "audit", "The search for near duplicates")
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=PERMUTATIONS, params=(b, r), hashfunc=lambda band: blake2b(band, digest_size=8).digest())
    for done, row in enumerate(rows):
        if done % 500 == 0:
            progress(done, len(rows), "near duplicates")
        found = shingles(texts[row])
        if not len(found):
            continue
        signed = _Signed(signature(found))
        for other in sorted(index.query(signed))[:MOST]:
            likeness = jaccard(found, shingles(texts[other]))
            if likeness >= threshold:
                yield NearPair(min(other, row), max(other, row), likeness)
        index.insert(row, signed, check_duplication=False)
    progress(len(rows), len(rows), "near duplicates")

"""Sets of word triples, their MinHash signatures, and how alike two of them are (Broder, 1997, doi:10.1109/SEQUEN.1997.666900)."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from valence.data._texts import plain

SHINGLE = 3
"""Words in a shingle."""
PERMUTATIONS = 64
"""Length of a signature."""
_LONG_WORD = 16
"""Mean characters per word above which a text is cut into characters: in some languages words have no spaces between them."""
_SEED = 20110615
_WEIGHTS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
_RNG = np.random.default_rng(_SEED)
_A = _RNG.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)[:, None] * np.uint64(2) + np.uint64(1)
_B = _RNG.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)[:, None]


def shingles(text: str) -> NDArray[np.uint64]:
    """Return the sorted, distinct hashes of the text's word triples; a shorter text is one shingle, an empty one has none.

    The text is first reduced to what a reader would call the same: no tags, no case, single spaces.
    """
    words: list[str] | str = plain(text).split()
    if len(words) * _LONG_WORD < len(text):
        words = "".join(words)
    tokens = np.fromiter((crc32(w.encode("utf-8", "surrogatepass")) for w in words), dtype=np.uint64, count=len(words))
    width = min(SHINGLE, len(tokens))
    if not width:
        return np.zeros(0, dtype=np.uint64)
    count = len(tokens) - width + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for i in range(width):
        mixed += tokens[i : i + count] * _WEIGHTS[i]
    return np.unique(_finish(mixed))


def signature(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return (64,) minima under 64 maps h -> a h + b mod 2^64; the share of equal entries estimates the Jaccard index.

    Args:
        hashes: (m,) from `shingles`, m at least 1.
    """
    minima: NDArray[np.uint64] = (hashes * _A + _B).min(axis=1)
    return minima


def jaccard(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> float:
    """Return |a ∩ b| / |a ∪ b| of two sorted sets without repeats; 0 for two empty ones."""
    both = len(np.intersect1d(a, b, assume_unique=True))
    union = len(a) + len(b) - both
    return both / union if union else 0.0


def _finish(h: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014, doi:10.1145/2660193.2660195): every bit depends on every bit."""
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))

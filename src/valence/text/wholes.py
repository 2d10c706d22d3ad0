"""Whole texts out of a heap in which some are parts of others, as the phrases of a parsed sentence are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

OVERLAP = 4
"""First words by which a part finds its whole, fewer where texts may be shorter."""
LONGEST = 64
"""Words of the longest text that can be a whole or a part: parsed sentences are shorter, and reviews are not parts of reviews."""


def draw_wholes(texts: Sequence[str], n: int, *, least_words: int, seed: int) -> tuple[str, ...]:
    """Return up to n different texts, drawn at random from those that stand in no longer one.

    A large heap is first cut down at random to 20 n texts. Of SST-2's 63,968 training phrases some 6,200 of eight words or
    more stand in no other: they are its sentences, as far as the data set holds them.

    Args:
        texts: the heap, in any order; the draw does not depend on it.
        n: how many at most.
        least_words: texts of fewer words are left aside.
        seed: of the draw; NumPy's PCG64, the same on every platform.
    """
    rng = np.random.default_rng(seed)
    least = max(1, least_words)
    heap = sorted({text for text in texts if len(text.split()) >= least})
    if len(heap) > 20 * n:
        heap = [heap[i] for i in np.sort(rng.choice(len(heap), 20 * n, replace=False))]
    found = _in_no_other(heap, min(OVERLAP, least))
    return tuple(found[i] for i in rng.permutation(len(found))[:n])


def _in_no_other(texts: Sequence[str], overlap: int) -> list[str]:
    """Return the texts that are, word for word, inside no other; the longest first."""
    kept: list[str] = []
    holding: dict[tuple[str, ...], list[str]] = {}
    for text in sorted(texts, key=lambda t: (-len(t), t)):
        words = text.split()
        if len(words) > LONGEST:
            kept.append(text)
            continue
        spaced = f" {' '.join(words)} "
        if any(spaced in longer for longer in holding.get(tuple(words[:overlap]), ())):
            continue
        kept.append(text)
        for start in range(len(words) - overlap + 1):
            holding.setdefault(tuple(words[start : start + overlap]), []).append(spaced)
    return kept


__all__ = ["draw_wholes"]

"""Which texts are phrases of others: whole words of theirs, in a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from valence.data._texts import plain


def phrases_of(wholes: Sequence[str], texts: Sequence[str]) -> NDArray[np.bool_]:
    """Return (n,) True for the texts that occur, word for word, inside one of `wholes` or are one of them.

    Words are what stands between white space, once HTML is unescaped, tags are dropped and case is folded; a text without
    any word is a phrase of nothing.
    """
    keys = [plain(text) for text in texts]
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    lengths = sorted({len(key.split()) for key in rows} - {0})
    found = np.zeros(len(texts), dtype=np.bool_)
    for whole in wholes:
        words = plain(whole).split()
        for length in lengths:
            if length > len(words):
                break
            for start in range(len(words) - length + 1):
                found[rows.get(" ".join(words[start : start + length]), [])] = True
    return found

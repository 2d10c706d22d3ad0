"""N-grams of a few texts as integers, found by sorting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]


class Chunk:
    """Some texts as numbers: for every order, the n-gram that begins at each word.

    Args:
        words: (m,) numbers of the words of all texts, one text behind the other; -1 for a word without a number.
        lengths: (n,) words of each text.
        vocabulary: how many words have a number.
    """

    def __init__(self, words: Numbers, lengths: Ints, vocabulary: int) -> None:
        self.texts, self.vocabulary = len(lengths), vocabulary
        self.owner = np.repeat(np.arange(self.texts, dtype=np.int32), lengths)
        """(m,) the text each word belongs to."""
        self.grams = [words]
        """One (m,) array per order: the number of the n-gram that begins here, -1 where none does."""
        self.sizes = [vocabulary]

    def candidates(self) -> tuple[NDArray[np.intp], Ints]:
        """Return where the next order may begin, and its keys: an n-gram of the last order must begin there and one word further."""
        order, below = len(self.grams), self.grams[-1]
        room = max(len(below) - order, 0)
        begins = np.flatnonzero((below[:room] >= 0) & (below[1 : room + 1] >= 0))
        begins = begins[self.owner[begins] == self.owner[begins + order]]
        return begins, below[begins].astype(np.int64) * self.vocabulary + self.grams[0][begins + order]

    def text_frequency(self) -> tuple[Ints, Ints]:
        """Return the keys of the next order, sorted, and the number of texts that hold each."""
        begins, keys = self.candidates()
        bits = self.texts.bit_length()
        pairs = np.sort((keys << bits) | self.owner[begins])
        keys = pairs[run_starts(pairs)] >> bits
        starts = run_starts(keys)
        return keys[starts], np.diff(np.append(starts, len(keys)))

    def extend(self, kept: Ints) -> None:
        """Find the n-grams of the next order, given its keys."""
        begins, keys = self.candidates()
        grams = np.full(len(self.owner), -1, dtype=np.int32)
        if len(kept):
            keys, order = sort_with_places(keys)  # sorted keys walk through `kept` in step, far faster than looking up at random
            place = np.minimum(np.searchsorted(kept, keys), len(kept) - 1)
            hit = kept[place] == keys
            grams[begins[order[hit]]] = place[hit]
        self.grams.append(grams)
        self.sizes.append(len(kept))

    def counts(self, columns: int) -> csr_array:
        """Return (n, columns) float32 counts of all orders found so far, columns sorted within a row."""
        bits, offset = max(columns, 1).bit_length(), 0
        cells: list[Ints] = []
        for grams, size in zip(self.grams, self.sizes, strict=True):
            held = np.flatnonzero(grams >= 0)
            cells.append((self.owner[held].astype(np.int64) << bits) | (grams[held] + offset))
            offset += size
        cell = np.sort(np.concatenate(cells))
        starts = run_starts(cell)
        data = np.diff(np.append(starts, len(cell))).astype(np.float32)
        cell = cell[starts]
        rows = np.searchsorted(cell, np.arange(self.texts + 1, dtype=np.int64) << bits)
        index = (cell & ((1 << bits) - 1)).astype(np.int32)
        return csr_array((data, index, rows.astype(np.int32)), shape=(self.texts, columns))


def run_starts(ordered: Ints) -> NDArray[np.intp]:
    """Return where a new value begins in a sorted array."""
    new = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return np.flatnonzero(new)


def sort_with_places(values: Ints) -> tuple[Ints, NDArray[np.intp]]:
    """Return non-negative values in order, and where each stood: one sort of value and place packed together, where 63 bits hold both."""
    bits = len(values).bit_length()
    if len(values) and int(values.max()).bit_length() + bits > 63:
        order = np.argsort(values)
        return values[order], order
    packed = np.sort((values << bits) | np.arange(len(values), dtype=np.int64))
    return packed >> bits, (packed & ((1 << bits) - 1)).astype(np.intp)

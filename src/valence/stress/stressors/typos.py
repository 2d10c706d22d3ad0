"""Slips of the keyboard inside words (Pruthi et al., 2019, arXiv:1905.11268)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from valence.stress.stressor import Given, Stressor, Trial

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
"""Of a keyboard, each shifted half a key to the right of the one above."""
WORD = re.compile(r"[A-Za-z]{4,}")


def _neighbours() -> dict[str, str]:
    near: dict[str, str] = {}
    for r, row in enumerate(ROWS):
        for i, key in enumerate(row):
            below = ROWS[r + 1][max(i - 1, 0) : i + 1] if r + 1 < len(ROWS) else ""
            above = ROWS[r - 1][i : i + 2] if r else ""
            near[key] = row[max(i - 1, 0) : i] + row[i + 1 : i + 2] + below + above
    return near


NEAR = _neighbours()
"""The keys that touch each letter's."""


class Typos(Stressor):
    """One slip in a share of the words of four letters and more: two letters swapped, one missed, doubled, or its neighbour hit.

    First and last letters stay, as in the paper, since readers get by with them. The slips of a lower rate are among those
    of a higher one.
    """

    about: ClassVar[str] = "slips of the keyboard inside words"
    paper: ClassVar[str] = "Pruthi et al., 2019, arXiv:1905.11268"

    rates: tuple[float, ...] = Field(default=(0.05, 0.1, 0.2))
    """Shares of the words that get a slip."""

    def trials(self, given: Given) -> Iterator[Trial]:
        """Yield the sample at each rate."""
        sample = given.sample
        for rate in self.rates:
            after = tuple(slip(text, rate, given.random(name)) for name, text in zip(sample.ids, sample.texts, strict=True))
            yield Trial(f"{100 * rate:g} % of the words", sample.ids, after, sample.labels, sample.texts, sample.labels)


def slip(text: str, rate: float, rng: np.random.Generator) -> str:
    """Return the text with a slip in each long word with probability `rate`."""

    def word(found: re.Match[str]) -> str:
        # everything is drawn for every word, so that a higher rate keeps the slips of a lower one
        chance, kind, place, choice = rng.random(4)
        return _slipped(found[0], int(kind * 4), 1 + int(place * (len(found[0]) - 2)), choice) if chance < rate else found[0]

    return WORD.sub(word, text)


def _slipped(word: str, kind: int, at: int, choice: float) -> str:
    """Change one letter of the inside; `at` is from 1 to the last but one."""
    head, letter, tail = word[:at], word[at], word[at + 1 :]
    if kind == 0 and len(tail) > 1:
        return head + tail[0] + letter + tail[1:]
    if kind == 1:
        return head + tail
    if kind == 2:
        return head + letter + letter + tail
    keys = NEAR[letter.lower()]
    key = keys[int(choice * len(keys))]
    return head + (key.upper() if letter.isupper() else key) + tail

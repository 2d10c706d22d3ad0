"""Length: accuracy on short and on long texts, and what is left when half of a text is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from valence.stress.stressor import Given, Stressor, Trial


class Length(Stressor):
    """Quarters of the scored texts by their words; the sample's first and second halves."""

    about: ClassVar[str] = "short, long and halved texts"
    paper: ClassVar[str] = "Sun et al., 2019, arXiv:1905.05583 (head and tail of long texts)"

    groups: PositiveInt = 4
    """Into how many groups of like size the texts are cut by their length."""

    def trials(self, given: Given) -> Iterator[Trial]:
        """Yield each group of all scored texts, then both halves of the sample's texts."""
        texts = given.texts
        words = np.array([len(text.split()) for text in texts.texts])
        ends = np.quantile(words, np.linspace(0, 1, self.groups + 1)).round().astype(int)
        for i in range(self.groups):
            low, high = ends[i] + (1 if i else 0), ends[i + 1]
            rows = np.flatnonzero((words >= low) & (words <= high))
            part = texts.select(rows)
            yield Trial(f"{low:,} to {high:,} words", part.ids, part.texts, part.labels, expects="open")
        sample = given.sample
        note = "A half may say something else than the whole: read it as how much the run needs."
        for name, half in (("first half", 0), ("second half", 1)):
            after = tuple(_half(text, half) for text in sample.texts)
            yield Trial(name, sample.ids, after, sample.labels, sample.texts, sample.labels, "open", note=note)


def _half(text: str, which: int) -> str:
    """Return the first or the second half of a text's words."""
    words = text.split()
    middle = (len(words) + 1) // 2
    return " ".join(words[middle:] if which else words[:middle])

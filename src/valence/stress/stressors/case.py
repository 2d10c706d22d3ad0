"""Capitals and marks: what people leave out, or shout (an invariance test of CheckList; Ribeiro et al., 2020, arXiv:2005.04118)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import ClassVar

from valence.stress.stressor import Given, Stressor, Trial

MARKS = re.compile(r"[^\w\s'’<>/-]+")
CHANGES: dict[str, Callable[[str], str]] = {
    "all small letters": str.lower,
    "ALL CAPITALS": str.upper,
    "no marks": lambda text: MARKS.sub(" ", text),
}


class Case(Stressor):
    """All small letters, all capitals, no marks between the words."""

    about: ClassVar[str] = "capitals and marks"
    paper: ClassVar[str] = "Ribeiro et al., 2020, arXiv:2005.04118"

    def trials(self, given: Given) -> Iterator[Trial]:
        """Yield the sample, changed in each way."""
        sample = given.sample
        for name, change in CHANGES.items():
            yield Trial(name, sample.ids, tuple(map(change, sample.texts)), sample.labels, sample.texts, sample.labels)

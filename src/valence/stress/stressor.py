"""The contract of a stressor: texts before and after a change, and what a sound classifier does about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from valence.errors import Mismatch
from valence.types import Settings, Split

Expectation = Literal["same", "turned", "toward", "open"]
"""`same`: the answer should stay; `turned`: it should become another label; `toward`: the probability of one label must not
fall; `open`: nothing is certain, the figure is how accuracy moves."""

NAMES = (("negative", "positive"), ("neg", "pos"), ("bad", "good"))
"""What labels are called that a template's meaning can be told in."""


@dataclass(frozen=True, slots=True)
class Given:
    """What stressors work on."""

    labels: tuple[str, ...]
    """Label names of the run."""
    data: str
    """Name of the data set the run was trained on."""
    texts: Split
    """Every labelled text of the split the run was scored on."""
    sample: Split
    """Those of them that are changed and classified again."""
    seed: int = 0
    pairs: Path | None = None
    """A table of pairs of the user's own."""
    domains: tuple[str, ...] = ()
    """Other data sets, or files, to score."""
    sample_size: int = 1000
    """How many texts of another domain are scored at most."""

    @property
    def polarity(self) -> tuple[int, int] | None:
        """Index of the negative and of the positive label; None where the labels are others."""
        names = [name.casefold() for name in self.labels]
        found = next(((names.index(a), names.index(b)) for a, b in NAMES if a in names and b in names), None)
        return found if len(names) == 2 else None

    def own(self, names: Sequence[str], labels: NDArray[np.int64], where: str) -> NDArray[np.int64]:
        """Return labels of other data as this run's: matched by name, whatever the case.

        Raises:
            Mismatch: they hold a label the run does not know.
        """
        mine = {name.casefold(): i for i, name in enumerate(self.labels)}
        unknown = [name for i, name in enumerate(names) if name.casefold() not in mine and (labels == i).any()]
        if unknown:
            raise Mismatch(f"{where} has the label {unknown[0]!r}; the run knows {', '.join(self.labels)}. Rename the labels of the file.")
        table = np.array([mine.get(name.casefold(), -1) for name in names] + [-1])
        return table[labels].astype(np.int64)  # the last entry answers for -1

    def random(self, name: str) -> np.random.Generator:
        """Return a generator that depends on the seed and on one text's id only, so that the sample's size changes no text."""
        return np.random.default_rng([self.seed, crc32(name.encode("utf-8", "surrogatepass"))])


@dataclass(frozen=True, slots=True)
class Trial:
    """Texts to classify, before and after a change, and what is expected. All of length n."""

    name: str
    ids: tuple[str, ...]
    after: tuple[str, ...]
    labels: NDArray[np.int64] | None = None
    """(n,) true labels of `after`, -1 where unknown."""
    before: tuple[str, ...] | None = None
    """None where there is nothing to pair with, as in another domain."""
    labels_before: NDArray[np.int64] | None = None
    """(n,) true labels of `before`."""
    expects: Expectation = "same"
    toward: int = 0
    """For `toward`: the label whose probability must not fall."""
    note: str = ""
    """What a reader must know."""
    own_words: bool = False
    """Whether the texts are ours and may be shown; others are named by id."""


class Stressor(Settings, ABC):
    """A kind of change; its settings are its fields, its name is its file's name."""

    about: ClassVar[str]
    """One phrase: what is changed."""
    paper: ClassVar[str]
    """Where it comes from."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the file that defines it."""
        return cls.__module__.rpartition(".")[2]

    def why_not(self, given: Given) -> str:
        """Say why it cannot be tried on this run; empty when it can."""
        return ""

    @abstractmethod
    def trials(self, given: Given) -> Iterator[Trial]:
        """Yield what to classify.

        Raises:
            ValenceError: a file the user named cannot be read or does not fit.
        """


def no_polarity(given: Given) -> str:
    """Say why a stressor that speaks of praise and blame does not fit; empty when it does."""
    return "" if given.polarity else f"its labels are {', '.join(given.labels)}, not negative and positive"


__all__ = ["Expectation", "Given", "Stressor", "Trial", "no_polarity"]

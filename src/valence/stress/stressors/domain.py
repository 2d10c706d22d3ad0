"""Other domains: the run's accuracy on texts from elsewhere (as in Blitzer et al., 2007, ACL P07-1056)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence import data
from valence.data.subsample import subsample
from valence.errors import BadData
from valence.experiment import is_path
from valence.stress.stressor import Given, Stressor, Trial
from valence.types import Corpus, Split


class Domain(Stressor):
    """Any data set or table; its labels are matched by name."""

    about: ClassVar[str] = "texts from elsewhere"
    paper: ClassVar[str] = "Blitzer et al., 2007, ACL P07-1056"

    def why_not(self, given: Given) -> str:
        """It needs data."""
        return "" if given.domains else "no --domains DATA was given"

    def trials(self, given: Given) -> Iterator[Trial]:
        """Yield a sample of each one's texts.

        Raises:
            ValenceError: it cannot be read.
            Mismatch: it has labels the run does not know.
        """
        for source in given.domains:
            corpus = data.load(source)
            split = _labelled(corpus, whole=is_path(source))
            if len(split) > given.sample_size:
                split = subsample(split, given.sample_size, seed=given.seed)
            labels = given.own(corpus.labels, split.labels, corpus.name)
            yield Trial(corpus.name, split.ids, split.texts, labels, expects="open")


def _labelled(corpus: Corpus, *, whole: bool) -> Split:
    """Return the labelled texts of `test`; of a file all of them, since the run has seen none.

    Raises:
        BadData: there are none.
    """
    names = [name for name in ("test", "dev", "train") if name in corpus.splits and (corpus.splits[name].labels >= 0).any()]
    if not names:
        raise BadData(f"{corpus.name} has no labelled text. Give data with labels.")
    parts = [corpus.splits[name] for name in (names if whole else names[:1])]
    ids = tuple(f"{name}/{i}" if whole else i for name, part in zip(names, parts, strict=False) for i in part.ids)
    split = Split(ids, tuple(t for part in parts for t in part.texts), np.concatenate([part.labels for part in parts]))
    return split.select(np.flatnonzero(split.labels >= 0))

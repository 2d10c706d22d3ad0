"""IMDB contrast set: reviews edited by hand until their sentiment turns (Gardner et al., 2020, arXiv:2004.02709)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from valence.data._corpus import corpus, empty_split
from valence.data._places import Search
from valence.data._stored import read_parquet, to_split
from valence.errors import BadData
from valence.types import Corpus, DataSet

FILE = "imdb_contrast_dev.parquet"


class ImdbContrast(DataSet):
    """100 pairs to score, nothing to train on: ids `7_original` and `7_contrast` are the two sides of pair 7.

    The originals come from IMDB's `train`: a model trained there has seen them, so read the contrast side and the flips.
    """

    source: ClassVar[str] = "Gardner et al., 2020, arXiv:2004.02709"
    topic: ClassVar[str] = "movie reviews edited until the label turns; test only"

    path: Path | None = None
    """The Parquet file (text, label, split, id), or the folder that holds it."""

    def load(self) -> Corpus:
        """Read the pairs as `test`; `train` is empty.

        Raises:
            DataNotFound: the file is neither at `path` nor in $VALENCE_DATA.
            BadData: the file is damaged, or a split is neither `dev_original` nor `dev_contrast`.
        """
        import polars as pl

        search = Search(self.name())
        file = search.file(self.path, [FILE])
        if file is None:
            raise search.failure(f"Put {FILE} (text, label, split, id) into a folder and set $VALENCE_DATA to it.")
        frame = read_parquet(file, ("text", "label", "split", "id"))
        sides = frame["split"].str.extract("^(?:dev|test)_(original|contrast)$")
        if sides.null_count():
            raise BadData(f"{file.name}: expected the splits dev_original and dev_contrast, found {frame['split'].unique().to_list()}.")
        ids = frame["id"].cast(pl.String) + "_" + sides
        test = to_split(frame.with_columns(id=ids))
        return corpus(self.name(), ("negative", "positive"), {"train": empty_split(), "test": test})

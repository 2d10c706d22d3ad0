"""One file per data set; the file's name is the data set's name everywhere.

The other rooms need only `load`, `require_labels` and `DATASETS` from here, and `subsample`, `audit`, `stream` and
`answers` beside the data sets. Importing this package reads no data and imports no data-frame library.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from valence.catalog import Catalog
from valence.errors import BadData, BadSetting, UnknownName, WithheldLabels
from valence.types import UNLABELED, Corpus, DataSet, Split

TOOLS = frozenset({"answers", "audit", "stream", "subsample"})
"""The public modules of this package that are no data sets."""


@dataclass(frozen=True)
class DataSets(Catalog[DataSet]):
    """The modules of this package that hold a data set."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every data set's name, without importing any of them."""
        return tuple(name for name in super().names if name not in TOOLS)


DATASETS = DataSets("valence.data", DataSet, "data set")  # type: ignore[type-abstract]

_ENDINGS = {".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet", ".txt", ".gz", ".zst"}


def load(
    name_or_path: str | Path, *, text_column: str | None = None, label_column: str | None = None, id_column: str | None = None
) -> Corpus:
    """Load a data set by its name, or a file of your own by its path.

    Args:
        name_or_path: a data set's name, which goes before a file of that name, or a CSV, TSV, JSONL or Parquet file.
        text_column: for a file, the column with the texts; found by its name when not given.
        label_column: for a file, the column with the labels; likewise.
        id_column: for a file, the column with the ids; likewise, and row numbers where there is none.

    Raises:
        UnknownName: neither a data set nor a file; the message names the nearest data set.
        BadSetting: columns were named for a data set.
        DataNotFound: the data set is in none of the places that are searched.
        BadData: the file cannot be read as labelled texts.
    """
    name, path = str(name_or_path), Path(name_or_path)
    columns = {"text_column": text_column, "label_column": label_column, "id_column": id_column}
    if name in DATASETS.names:
        named = [c for c, value in columns.items() if value is not None]
        if named:
            raise BadSetting(f"{named[0]} is for a file of your own; {name} is a data set. Leave it out, or write ./{name} for a file.")
        return DATASETS.find(name)().load()
    if path.suffix.lower() in _ENDINGS or os.path.exists(path):
        from valence.data.table import Table

        return Table(path=path, **columns).load()
    if "/" in name or "\\" in name:
        raise UnknownName("file or data set", name, DATASETS.names)
    raise UnknownName("data set", name, DATASETS.names)


def require_labels(corpus: Corpus, split_name: str) -> Split:
    """Return the split, once it is sure that it can be scored.

    Raises:
        UnknownName: the corpus has no such split.
        BadData: the split is empty.
        WithheldLabels: all its labels are -1.
    """
    if split_name not in corpus.splits:
        raise UnknownName(f"split of {corpus.name}", split_name, corpus.splits)
    split = corpus.splits[split_name]
    if not len(split):
        raise BadData(f"{corpus.name} {split_name} has no rows, so there is nothing to score.")
    if (split.labels == UNLABELED).all():
        why = "GLUE withholds them" if corpus.name == "sst2" else "they are withheld"
        way_out = "point $VALENCE_DATA at a copy with labels"
        if split_name != "dev" and "dev" in corpus.splits:
            way_out = f"Score on `dev`, or {way_out}"
        raise WithheldLabels(f"{corpus.name} {split_name} labels are all -1: {why}. {way_out[0].upper()}{way_out[1:]}.")
    return split


__all__ = ["DATASETS", "TOOLS", "load", "require_labels"]

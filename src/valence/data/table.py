"""A file of your own: CSV, TSV, JSON lines or Parquet with a column of texts and one of labels."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.data._columns import find_columns, listed
from valence.data._corpus import corpus, empty_split, without
from valence.data._gather import Gathered
from valence.data._hash_split import hash_split
from valence.data._labels import name_labels
from valence.data._rows import open_rows
from valence.data._texts import plain, text_keys
from valence.errors import BadData, DataNotFound
from valence.types import UNLABELED, Corpus, DataSet, Split

TEST_SHARE = 0.2
MANY_LABELS = 50
"""More different labels than this, and more than a tenth of the rows, are taken for a wrong column."""


class Table(DataSet):
    """Your own texts; two or more classes of any names.

    A column `split` (train, dev, test, unlabeled) is honoured. Without test rows a fifth of the labelled ones becomes
    `test`, chosen within each class by a hash of the text: the same rows whenever and wherever, duplicates on one side.
    A row with an empty label goes to `unlabeled`, unless its text is also in dev or test, which nothing may be pretrained on;
    a dev or test part without any label stays whole, its labels -1.
    """

    source: ClassVar[str] = "a file of your own"
    topic: ClassVar[str] = "your own CSV, TSV, JSONL or Parquet: give its path instead of a name"

    path: Path | None = None
    """The file; also compressed, as .csv.gz or .csv.zst."""
    test: Path | None = None
    """A second file that holds the test rows."""
    text_column: str | None = None
    """Column with the texts; found by its name (text, review, sentence, ...) when not given."""
    label_column: str | None = None
    """Column with the labels; found by its name (label, sentiment, class, ...) when not given."""
    id_column: str | None = None
    """Column with the ids; found by its name (id, ...) when not given, and empty to number the rows from 0."""
    split_column: str | None = None
    """Column that says where a row belongs; found by its name (split) when not given."""

    def load(self) -> Corpus:
        """Read, name the labels, and split.

        Raises:
            DataNotFound: no path was given.
            BadData: a file is missing, damaged, empty or not UTF-8, a column is missing, an id occurs twice in a split,
                or there are fewer than two labels.
        """
        if self.path is None:
            raise DataNotFound(
                "The data set 'table' is a file of your own, and no path was given. Write the path instead: --data reviews.csv"
            )
        rows = Gathered()
        self._add(rows, self.path, "train" if self.test else "")
        if self.test:
            self._add(rows, self.test, "test")
        labels, coded = self._labels(rows)
        splits = _splits(rows, coded)
        name = re.sub(r"\W+", "_", self.path.name.split(".")[0]) or "data"
        return corpus(name, labels, splits)

    def _add(self, rows: Gathered, path: Path, split: str) -> None:
        file = open_rows(path)
        label = self.label_column
        if split == "test" and label not in file.columns:
            label = None
        wanted = None if split == "test" else self.split_column
        columns = find_columns(file, text=self.text_column, label=label, id=self.id_column, split=wanted)
        if split == "test":
            columns = replace(columns, split=None)  # whoever names a test file has said where its rows belong
        elif columns.label is None:
            known = "label, sentiment, class or the like"
            raise BadData(f"{path.name} has no column named {known}. It has: {listed(file.columns)}. Name it with --label-column.")
        rows.add(file, columns, split)

    def _labels(self, rows: Gathered) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return the label names and (n,) labels; -1 is no label, but a class where training rows bear it."""
        codes = np.array(rows.codes, dtype=np.int64)
        withheld = rows.values.get("-1", UNLABELED)
        trained = np.array([s in {"", "train"} for s in rows.splits])
        if withheld != UNLABELED and not (trained & (codes == withheld)).any():
            codes[codes == withheld] = UNLABELED
        seen = np.bincount(codes + 1, minlength=len(rows.values) + 1)[1:]
        used = [value for value, code in rows.values.items() if seen[code]]
        _check_labels(rows.places[0][0].partition(",")[0], used, int((codes >= 0).sum()))
        names, index = name_labels(used)
        table = np.full(len(rows.values) + 1, UNLABELED)
        for value in used:
            table[rows.values[value]] = index[value]
        return names, table[codes].astype(np.int64)  # the last entry answers for code -1


def _check_labels(name: str, found: list[str], n: int) -> None:
    if not found:
        raise BadData(
            f"{name}: every label is empty. At least two classes are needed; to classify texts without labels use: valence predict"
        )
    if len(found) == 1:
        raise BadData(f"{name}: all {n:,} labels are {found[0]!r}. At least two classes are needed.")
    if len(found) > max(MANY_LABELS, n / 10):
        raise BadData(f"{name}: {len(found):,} different labels in {n:,} rows. Is it the right column? Name it with --label-column.")


def _splits(rows: Gathered, labels: NDArray[np.int64]) -> dict[str, Split]:
    side = np.array([s or "train" for s in rows.splits], dtype="U9")
    for part in ("train", "dev", "test"):
        here = side == part
        if part == "train" or (labels[here] >= 0).any():
            side[here & (labels < 0)] = "unlabeled"
    labels = np.where(side == "unlabeled", UNLABELED, labels)
    if not (side == "test").any():
        _cut_test(rows, side, labels)
    splits = {part: _split(rows, labels, np.flatnonzero(side == part)) for part in ("train", "dev", "test", "unlabeled")}
    splits["unlabeled"] = without(splits["unlabeled"], splits["dev"], splits["test"])
    return {part: split for part, split in splits.items() if len(split) or part in {"train", "test"}}


def _cut_test(rows: Gathered, side: NDArray[np.str_], labels: NDArray[np.int64]) -> None:
    """Move a fifth of the training rows to test."""
    train = np.flatnonzero(side == "train")
    chosen = hash_split(text_keys((rows.texts[i] for i in train), plain), labels[train], TEST_SHARE)
    if not chosen.any():
        raise BadData(
            f"{rows.places[0][0].partition(',')[0]}: no class has two different texts, so none can be test. Add rows, or name a test file."
        )
    side[train[chosen]] = "test"


def _split(rows: Gathered, labels: NDArray[np.int64], index: NDArray[np.intp]) -> Split:
    if not len(index):
        return empty_split()
    ids = tuple(rows.ids[i] for i in index)
    if len(set(ids)) < len(ids):
        raise BadData(_twice(rows, index))
    return Split(ids, tuple(rows.texts[i] for i in index), labels[index])


def _twice(rows: Gathered, index: NDArray[np.intp]) -> str:
    first: dict[str, int] = {}
    for i in index.tolist():
        if rows.ids[i] in first:
            places = f"{rows.where(first[rows.ids[i]])} and {rows.where(i)}"
            return f'The id {rows.ids[i]!r} occurs twice: {places}. Ids must be unique; --id-column "" numbers the rows instead.'
        first[rows.ids[i]] = i
    raise AssertionError("no id occurs twice")

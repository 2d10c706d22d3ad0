"""The Large Movie Review Dataset in the two other forms people have: the folder `aclImdb`, and Kaggle's TSV files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from valence.data._corpus import unlabeled_split
from valence.data._delimited import open_delimited
from valence.errors import BadData
from valence.types import Split

SIDES = ("neg", "pos")
KAGGLE = ("labeledTrainData.tsv", "testData.tsv", "unlabeledTrainData.tsv")
_NAME = re.compile(r"(\d+)_(\d+)")


def official_order(split: Split) -> Split:
    """Order by label, then by the number in the id, as the folders do: the forms of the data set then have one digest."""
    numbers = [int(m.group(1)) if (m := _NAME.fullmatch(i)) else -1 for i in split.ids]
    if min(numbers, default=0) < 0:
        return split
    return split.select(np.lexsort((np.array(numbers), split.labels)))


def read_folder(root: Path, part: str) -> Split:
    """Read `train` or `test` of the folder aclImdb; an id is the file's name, number_rating.

    Raises:
        BadData: one of the folders neg and pos is missing or empty, or a file is not UTF-8.
    """
    ids, texts, labels = [], [], []
    for label, side in enumerate(SIDES):
        files = sorted((root / part / side).glob("*_*.txt"))
        if not files:
            raise BadData(f"{root / part / side} holds no reviews. Expected files such as 0_3.txt; unpack aclImdb_v1.tar.gz again.")
        ids += [f.stem for f in files]
        texts += [_read(f) for f in files]
        labels += [label] * len(files)
    return Split(tuple(ids), tuple(texts), np.array(labels, dtype=np.int64))


def read_folder_unlabeled(root: Path) -> Split:
    """Read the folder train/unsup."""
    files = sorted((root / "train" / "unsup").glob("*_*.txt"))
    return unlabeled_split([f.stem for f in files], [_read(f) for f in files])


def read_kaggle(folder: Path, file: str) -> Split:
    """Read one of Kaggle's files; its columns are id, review and, in the training file only, sentiment.

    The competition withholds the test labels, but its ids are number_rating, and the label is a function of the
    rating: 7 and more is positive, 4 and less negative.

    Raises:
        BadData: the file is missing or damaged, or an id is not number_rating with a rating that tells the label.
    """
    rows = open_delimited(folder / file)
    if not {"id", "review"} <= {c.strip('"') for c in rows.columns}:
        raise BadData(f"{file} has the columns {', '.join(rows.columns)}. Expected Kaggle's id and review.")
    ids, texts = [], []
    for _, (key, text) in rows.select(["id", "review"]):
        ids.append(str(key))
        texts.append(str(text))
    if file == KAGGLE[2]:
        return unlabeled_split(ids, texts)
    return Split(tuple(ids), tuple(texts), np.array([_label(i, file) for i in ids], dtype=np.int64))


def _label(key: str, file: str) -> int:
    found = _NAME.fullmatch(key)
    rating = int(found.group(2)) if found else 0
    if not found or not (1 <= rating <= 4 or 7 <= rating <= 10):
        raise BadData(f"{file}: the id {key!r} is not number_rating with a rating of 1 to 4 or 7 to 10, so its label is unknown.")
    return int(rating >= 7)


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadData(f"{file} is not UTF-8 (byte {error.start + 1}). Unpack aclImdb_v1.tar.gz again.") from error

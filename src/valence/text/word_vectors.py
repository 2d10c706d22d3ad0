"""Pretrained word vectors, read from the files they come in.

GloVe and word2vec text (`word 0.1 0.2 ...`, with or without a first line of two counts, gzipped or not), word2vec binary
(`.bin`), and a folder with the rows as `.npy` beside a `.parquet` index of the words.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from valence.errors import BadData, DataNotFound

CHUNK = 20_000
"""Lines turned into numbers at a time."""


@dataclass(frozen=True, slots=True)
class WordVectors:
    """Words and one vector for each."""

    words: tuple[str, ...]
    rows: NDArray[np.float32]
    """(words, dimension), possibly mapped from disk."""

    @property
    def dimension(self) -> int:
        """Numbers per word."""
        return int(self.rows.shape[1])

    def __len__(self) -> int:
        return len(self.words)

    def look_up(self, words: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the (n, dimension) vectors of `words`, zeros for unknown ones, and the (n,) mask of the known ones."""
        # the first of two equal words counts: the more frequent one, as these files are sorted
        table = pl.DataFrame({"word": pl.Series(self.words, dtype=pl.String)}).with_row_index("row").unique("word", keep="first")
        asked = pl.DataFrame({"word": pl.Series(words, dtype=pl.String)})
        found = asked.join(table, on="word", how="left", maintain_order="left")["row"]
        known = found.is_not_null().to_numpy()
        out = np.zeros((len(words), self.dimension), dtype=np.float32)
        out[known] = self.rows[found.drop_nulls().to_numpy()]
        return out, known

    @classmethod
    def find(cls, name: str) -> WordVectors:
        """Read vectors by path, or by name in $VALENCE_MODELS.

        Raises:
            DataNotFound: nothing is there; every place searched is named.
            BadData: a file is there that holds no word vectors.
        """
        places = [Path(name).expanduser()]
        root = os.environ.get("VALENCE_MODELS")
        if root:
            places += [Path(root) / (name + ending) for ending in ("", ".txt", ".bin", ".txt.gz", ".vec")]
        for place in places:
            if place.exists():
                return cls.read(place)
        searched = ", ".join(map(str, places)) + ("" if root else " ($VALENCE_MODELS is not set)")
        raise DataNotFound(f"No word vectors {name!r}. Searched: {searched}. Give a GloVe or word2vec file, or set $VALENCE_MODELS.")

    @classmethod
    def read(cls, path: Path) -> WordVectors:
        """Read one file or folder; its kind follows from its name and shape.

        Raises:
            BadData: it holds no word vectors; the message says where it broke.
        """
        if path.is_dir():
            return _read_folder(path)
        return _read_binary(path) if path.suffix == ".bin" else _read_text(path)


def _read_folder(folder: Path) -> WordVectors:
    arrays, indexes = sorted(folder.glob("*.npy")), sorted(folder.glob("*.parquet"))
    if len(arrays) != 1 or len(indexes) != 1:
        raise BadData(f"{folder} holds {len(arrays)} .npy and {len(indexes)} .parquet files. Expected the rows in one, the words in one.")
    rows = np.load(arrays[0], mmap_mode="r", allow_pickle=False)
    words = pl.read_parquet(indexes[0]).to_series(0).cast(pl.String).to_list()
    if rows.ndim != 2 or len(rows) != len(words):
        raise BadData(f"{folder} holds {len(words)} words and an array of shape {rows.shape}. Expected one row per word.")
    return WordVectors(tuple(words), rows)


def _read_text(path: Path) -> WordVectors:
    words: list[str] = []
    blocks: list[NDArray[np.float32]] = []
    try:
        with _open_text(path) as lines:
            while chunk := list(islice(lines, CHUNK)):
                if not words and len(chunk[0].split()) == 2:
                    chunk = chunk[1:]  # word2vec's counts
                blocks.append(_numbers(path, chunk, len(words), blocks[0].shape[1] if blocks else None))
                words += [_word_of(line, blocks[0].shape[1]) for line in chunk]
    except (UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise BadData(f"{path} is not UTF-8 text: {error}. Binary word2vec files end in .bin.") from error
    if not words:
        raise BadData(f"{path} holds no word vectors. Expected lines of a word and its numbers.")
    return WordVectors(tuple(words), np.concatenate(blocks))


def _open_text(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    return path.open(encoding="utf-8", newline="\n")


def _word_of(line: str, dimension: int) -> str:
    # a few words of GloVe 840B hold spaces themselves, so that the numbers are counted from the end
    return line.rstrip().rsplit(" ", dimension)[0]


def _numbers(path: Path, lines: list[str], before: int, dimension: int | None) -> NDArray[np.float32]:
    size = dimension or (len(lines[0].split()) - 1 if lines else 0)
    if size < 1:
        raise BadData(f"{path} holds no word vectors. Expected lines of a word and its numbers.")
    rows = np.empty((len(lines), size), dtype=np.float32)
    for i, line in enumerate(lines):
        values = line.rstrip().rsplit(" ", size)[1:]
        try:
            rows[i] = np.array(values, dtype=np.float32) if len(values) == size else np.array(["not enough"], dtype=np.float32)
        except ValueError as error:
            raise BadData(f"Line {before + i + 1} of {path} does not end in {size} numbers as the first line does.") from error
    return rows


def _read_binary(path: Path) -> WordVectors:
    with path.open("rb") as file:
        header = file.readline(100).split()
        if len(header) != 2 or not all(part.isdigit() for part in header):
            raise BadData(f"{path} is not a binary word2vec file: its first line should hold two counts.")
        count, dimension = int(header[0]), int(header[1])
        rows = np.empty((count, dimension), dtype=np.float32)
        words = []
        for i, (word, values) in enumerate(_records(file, count, dimension * 4)):
            if len(values) != dimension * 4:
                raise BadData(f"{path} ends after {i} of {count} words.")
            words.append(word)
            rows[i] = np.frombuffer(values, dtype="<f4")
    if len(words) != count:
        raise BadData(f"{path} ends after {len(words)} of {count} words.")
    return WordVectors(tuple(words), rows)


def _records(file: IO[bytes], count: int, size: int) -> Iterator[tuple[str, bytes]]:
    for _ in range(count):
        word = bytearray()
        while (byte := file.read(1)) not in (b" ", b""):
            word += byte
        yield word.decode("utf-8", errors="replace").lstrip("\n"), file.read(size)


__all__ = ["WordVectors"]

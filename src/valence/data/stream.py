"""Texts of a file of any length, a chunk at a time and in constant memory: what `valence predict --file` reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from valence.data._columns import find_columns
from valence.data._gather import id_of, text_of
from valence.data._parquet import open_row_group, row_groups
from valence.data._rows import Rows, open_rows
from valence.errors import BadData, BadSetting


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some texts of a file, in its order."""

    ids: tuple[str, ...]
    """The file's ids, else the row numbers from 0; whether they are unique is not looked at."""
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


def read_texts(path: str | Path, *, text_column: str | None = None, id_column: str | None = None, chunk: int = 1000) -> Iterator[Chunk]:
    """Read the texts of a CSV, TSV, JSONL or Parquet file, or of a text file with one text per line.

    The file and its columns are looked at before the first chunk is asked for.

    Args:
        path: the file; also compressed, as .csv.gz or .jsonl.zst.
        text_column: found by its name (text, review, sentence, ...) when not given.
        id_column: found by its name (id, ...) when not given, else the row number from 0; empty for row numbers.
        chunk: the number of texts in each chunk but the last.

    Raises:
        BadSetting: `chunk` is less than 1.
        BadData: the file is missing, damaged, empty or not UTF-8, or a column is missing; a wrong row is named by its
            line when it is reached.
    """
    if chunk < 1:
        raise BadSetting(f"chunk = {chunk} is too small. It must be 1 or more.")
    rows = open_rows(Path(path))
    columns = find_columns(rows, text=text_column, id=id_column)
    return _chunks(rows, columns.text, columns.id, chunk)


@dataclass(frozen=True, slots=True)
class Part:
    """A row group of a Parquet file, the least that can be read without the rest."""

    path: Path
    group: int
    """Its number in the file, from 0."""
    before: int
    """Rows of the file before it."""
    rows: int
    """Rows in it."""


def parts(path: Path, *, text_column: str | None = None, id_column: str | None = None) -> list[Part]:
    """Return the row groups of a Parquet file that hold rows, in its order; only the file's end is read.

    Raises:
        BadData: the file is missing, damaged or without rows, or a column is missing.
    """
    find_columns(open_rows(path), text=text_column, id=id_column)
    sizes = row_groups(path)
    if not sum(sizes):
        raise BadData(_no_rows(path))
    return [Part(path, i, sum(sizes[:i]), n) for i, n in enumerate(sizes) if n]


def read_part(part: Part, *, text_column: str | None = None, id_column: str | None = None, chunk: int = 1000) -> Iterator[Chunk]:
    """Read the texts of a row group as `read_texts` reads the file: the ids are those they have there.

    Raises:
        BadData: as `read_texts`.
    """
    rows = open_row_group(part.path, part.group, part.before)
    columns = find_columns(rows, text=text_column, id=id_column)
    return _chunks(rows, columns.text, columns.id, chunk, part.before)


def _no_rows(path: Path) -> str:
    return f"{path.name} has a header but no rows. Expected one row per text."


def _chunks(rows: Rows, text: str, key: str | None, size: int, before: int = 0) -> Iterator[Chunk]:
    ids: list[str] = []
    texts: list[str] = []
    done = before
    for line, values in rows.select([text] if key is None else [text, key]):
        ids.append(str(done) if key is None else id_of(values[1], rows, line))
        texts.append(text_of(values[0], rows, line))
        done += 1
        if len(ids) == size:
            yield Chunk(tuple(ids), tuple(texts))
            ids, texts = [], []
    if ids:
        yield Chunk(tuple(ids), tuple(texts))
    if not done:
        raise BadData(_no_rows(rows.path))

"""Texts of a file of any length, a chunk at a time and in constant memory: what `valence predict --file` reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from valence.data._columns import find_columns
from valence.data._gather import id_of, text_of
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


def _chunks(rows: Rows, text: str, key: str | None, size: int) -> Iterator[Chunk]:
    ids: list[str] = []
    texts: list[str] = []
    done = 0
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
        raise BadData(f"{rows.path.name} has a header but no rows. Expected one row per text.")

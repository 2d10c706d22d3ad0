"""Rows of a user's file, one at a time and in constant memory; a wrong row is named by its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from valence.data._open import PACKED, ending
from valence.errors import BadData

Row = tuple[int, Sequence[object]]
"""The line where the row starts (for Parquet its number), counted from 1, and the values of the columns asked for."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A file's columns, and a way to read some of them; each `select` reads the file anew."""

    path: Path
    columns: tuple[str, ...]
    select: Callable[[Sequence[str]], Iterator[Row]]
    unit: str = "line"
    """What `Row` counts: `line` or `row`."""


def open_rows(path: Path) -> Rows:
    """Find the columns of a CSV, TSV, JSONL or Parquet file, or of a text file with one text per line (its column is `text`).

    Raises:
        BadData: there is no such file, its ending is unknown, it is empty, damaged or not UTF-8.
    """
    kind = ending(path)
    if kind in {".csv", ".tsv", ".tab"}:
        from valence.data._delimited import open_delimited

        return open_delimited(path)
    if kind in {".jsonl", ".ndjson", ".json"}:
        from valence.data._jsonl import open_jsonl

        return open_jsonl(path)
    if kind == ".parquet":
        from valence.data._parquet import open_parquet

        return open_parquet(path)
    if kind == ".txt":
        from valence.data._lines import open_lines

        return open_lines(path)
    if not path.exists():
        raise BadData(f"There is no file {path} (looked in {Path.cwd()}). Check the path.")
    if path.is_dir():
        raise BadData(f"{path} is a folder, not a file.")
    raise BadData(
        f"{path.name} has an unknown ending. Known: .csv, .tsv, .jsonl, .parquet, .txt, and any but Parquet with {' or '.join(PACKED)}."
    )

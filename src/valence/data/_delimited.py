"""CSV and TSV, read strictly: a quote left open or a comma left bare is an error with its line, not a few texts lost."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from valence.data._open import ending, open_text, reading
from valence.data._rows import Row, Rows
from valence.errors import BadData

_ESCAPED = re.compile(r'\\"|""')
FIELD_LIMIT = 1 << 25
"""Characters in one field; the csv module's own limit of 131,072 is shorter than some reviews."""


def open_delimited(path: Path) -> Rows:
    r"""Return the rows of a CSV or TSV file with a header.

    A `.csv` may use commas, semicolons or tabs, whichever its header has most of. A `.tsv` in which every line has the
    header's number of tabs is read line by line, since in such files (GLUE's, Kaggle's) a bare quote is part of the
    text; a field that is quoted as a whole still loses its quotes, with `""` and `\"` inside read as `"`.

    Raises:
        BadData: there is no such file, it is empty or not UTF-8, or two columns have one name.
    """
    with reading(path):
        delimiter = "\t" if ending(path) in {".tsv", ".tab"} else _delimiter(path)
        bare = ending(path) != ".csv" and _lines_are_rows(path)
    header = next(_records(path, delimiter, bare), None)
    if header is None:
        raise BadData(f"{path.name} is empty. Expected a header and at least one row.")
    columns = tuple(name.strip() for name in header[1])
    twice = next((c for i, c in enumerate(columns) if c and c in columns[:i]), None)
    if twice is not None:
        raise BadData(f"{path.name} has two columns named {twice!r}. Rename one of them.")
    return Rows(path, columns, partial(_select, path, delimiter, bare, columns))


def _select(path: Path, delimiter: str, bare: bool, columns: Sequence[str], names: Sequence[str]) -> Iterator[Row]:
    index = [columns.index(name) for name in names]
    records = _records(path, delimiter, bare)
    next(records)
    for number, values in records:
        yield number, [values[i] for i in index]


def _records(path: Path, delimiter: str, bare: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the header and every row with the line where it starts; blank lines are skipped."""
    csv.field_size_limit(max(csv.field_size_limit(), FIELD_LIMIT))
    quoting: Literal[0, 3] = csv.QUOTE_NONE if bare else csv.QUOTE_MINIMAL
    with reading(path), open_text(path) as lines:
        reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
        start, width = 1, 0
        try:
            for values in reader:
                if values:
                    width = width or len(values)
                    if len(values) != width:
                        raise BadData(_wrong_width(path, start, len(values), width, delimiter))
                    yield start, [unquote(v) for v in values] if bare else values
                start = reader.line_num + 1
        except csv.Error as error:
            raise BadData(_broken(path, start, reader.line_num, error)) from error


def unquote(field: str) -> str:
    r"""Return the field without the quotes around it, if it is quoted as a whole; `""` and `\"` inside become `"`."""
    if len(field) < 2 or field[0] != '"' or field[-1] != '"':
        return field
    inner = field[1:-1]
    return field if '"' in _ESCAPED.sub("", inner) else _ESCAPED.sub('"', inner)


def _delimiter(path: Path) -> str:
    with open_text(path) as lines:
        header = next(lines, "")
    return max(",;\t", key=header.count)


def _lines_are_rows(path: Path) -> bool:
    with open_text(path) as lines:
        tabs = next(lines, "").count("\t")
        return all(line.count("\t") == tabs or not line.strip("\r\n") for line in lines)


def _wrong_width(path: Path, line: int, found: int, width: int, delimiter: str) -> str:
    name = {"\t": "tab", ",": "comma", ";": "semicolon"}[delimiter]
    fields = f"{found} field" + ("s" if found > 1 else "")
    remedy = (
        f'Put a text that holds a {name} in double quotes ("…").' if found > width else "Write an empty field for a value that is missing."
    )
    return f"{path.name}, line {line}: {fields}, the header has {width}. {remedy}"


def _broken(path: Path, start: int, end: int, error: csv.Error) -> str:
    if "unexpected end" in str(error) or "field larger" in str(error):
        return f"{path.name}, line {start}: a double quote opened here is never closed. Close it, or double it if it belongs to the text."
    where = f"line {start}" if start == end else f"lines {start} to {end}"
    return f"{path.name}, {where}: {error}. A double quote inside a quoted text must be written twice."

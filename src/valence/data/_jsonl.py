"""JSON lines: one object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from valence.data._open import open_text, reading
from valence.data._rows import Row, Rows
from valence.errors import BadData

_LOOK_AHEAD = 1000
"""Objects read to learn the columns: a key may be absent from the first ones, as a label is from unlabelled rows."""


def open_jsonl(path: Path) -> Rows:
    """Return the file's rows; its columns are the keys of the first 1,000 objects, in order of appearance.

    Raises:
        BadData: there is no such file, it is empty, or a line is not a JSON object.
    """
    columns: dict[str, None] = {}
    for _, found in islice(_objects(path), _LOOK_AHEAD):
        columns.update(dict.fromkeys(found))
    if not columns:
        raise BadData(f"{path.name} holds no JSON object with keys. Expected one object per line.")
    return Rows(path, tuple(columns), partial(_select, path))


def _select(path: Path, names: Sequence[str]) -> Iterator[Row]:
    for number, found in _objects(path):
        yield number, [found.get(name) for name in names]


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with reading(path), open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except ValueError as error:
                raise BadData(_malformed(path, number, line, error)) from error
            if not isinstance(found, dict):
                raise BadData(f'{path.name}, line {number}: expected a JSON object such as {{"text": …}}, found {type(found).__name__}.')
            # Half of a surrogate pair, which JSON can escape and UTF-8 cannot hold, would fail much later and far from here.
            yield number, {k: _whole(v) for k, v in found.items()} if "\\u" in line else found


def _whole(value: object) -> object:
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _malformed(path: Path, number: int, line: str, error: ValueError) -> str:
    if number == 1 and line.lstrip().startswith("["):
        return f"{path.name} is a JSON array. Write one object per line instead, for instance with: jq -c '.[]' {path.name} > lines.jsonl"
    where = f"{error.msg}, position {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
    return f"{path.name}, line {number}: not JSON ({where}). Expected one object per line."

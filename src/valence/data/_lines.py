"""Plain text, one text per line; an empty line is an empty text, so that line n of the answers belongs to line n."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from valence.data._open import open_text, reading
from valence.data._rows import Row, Rows


def open_lines(path: Path) -> Rows:
    """Return the file's lines as the column `text`.

    Raises:
        BadData: there is no such file, or it is empty.
    """
    with reading(path), open_text(path):
        return Rows(path, ("text",), partial(_select, path))


def _select(path: Path, names: Sequence[str]) -> Iterator[Row]:
    with reading(path), open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            text = line.rstrip("\r\n")
            yield number, [text] * len(names)

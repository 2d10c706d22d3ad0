"""Collect the rows of one or two files of a user's into columns, each text held once."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from valence.data._columns import Columns
from valence.data._labels import label_text
from valence.data._rows import Rows
from valence.data._stored import SPLIT_NAMES
from valence.errors import BadData


@dataclass(slots=True)
class Gathered:
    """Rows as columns."""

    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    codes: array[int] = field(default_factory=lambda: array("q"))
    """Index into `values`; -1 for an empty label."""
    values: dict[str, int] = field(default_factory=dict)
    """Every label as it is written, with its code."""
    splits: list[str] = field(default_factory=list)
    """train, dev, test, unlabeled, or the empty text where the file says nothing."""
    places: list[tuple[str, int]] = field(default_factory=list)
    """For each file its name and the number of rows gathered before it."""
    lines: array[int] = field(default_factory=lambda: array("q"))

    def add(self, rows: Rows, columns: Columns, split: str) -> None:
        """Append a file's rows; `split` is where they belong unless a column says so.

        Raises:
            BadData: the file has a header only, a text is no text, or the column `split` holds an unknown name.
        """
        before = len(self.texts)
        self.places.append((f"{rows.path.name}, {rows.unit}", before))
        wanted = [columns.text, columns.label, columns.id, columns.split]
        present = [c for c in wanted if c is not None]
        at = [present.index(c) if c is not None else None for c in wanted]
        for line, values in rows.select(present):
            text, label, key, part = (None if i is None else values[i] for i in at)
            self.texts.append(text_of(text, rows, line))
            self.codes.append(self._code(label_text(label)))
            self.ids.append(id_of(key, rows, line) if columns.id else str(len(self.texts) - 1))
            self.splits.append(split if columns.split is None else _split(part, rows, line))
            self.lines.append(line)
        if len(self.texts) == before:
            raise BadData(f"{rows.path.name} has a header but no rows. Expected one row per text.")

    def where(self, row: int) -> str:
        """Return the file and line of a row, for a message."""
        name = next(name for name, before in reversed(self.places) if before <= row)
        return f"{name} {self.lines[row]}"

    def _code(self, label: str) -> int:
        return self.values.setdefault(label, len(self.values)) if label else -1


def text_of(value: object, rows: Rows, line: int) -> str:
    """Return a cell as text; nothing is the empty text.

    Raises:
        BadData: the cell holds a list, an object or bytes.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    raise BadData(f"{rows.path.name}, {rows.unit} {line}: the text is a {type(value).__name__}. Expected a string.")


def id_of(value: object, rows: Rows, line: int) -> str:
    """Return a cell as an id.

    Raises:
        BadData: the cell is empty.
    """
    found = label_text(value)
    if not found:
        raise BadData(f'{rows.path.name}, {rows.unit} {line}: the id is empty. Fill it in, or number the rows: --id-column "".')
    return found


def _split(value: object, rows: Rows, line: int) -> str:
    name = label_text(value).casefold()
    if name not in SPLIT_NAMES:
        raise BadData(f"{rows.path.name}, {rows.unit} {line}: unknown split {name!r}. Known: {', '.join(SPLIT_NAMES)}.")
    return SPLIT_NAMES[name]

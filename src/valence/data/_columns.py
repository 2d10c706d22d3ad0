"""Which column holds what: named by the user, or found by the names people give them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from valence.data._rows import Rows
from valence.errors import BadData

TEXT = ("text", "review", "sentence", "content", "body", "comment", "review_text", "reviewtext", "tweet", "message", "document", "phrase")
LABEL = ("label", "sentiment", "class", "target", "polarity", "category", "stars", "rating", "labels", "y")
ID = ("id", "ids", "review_id", "doc_id", "tweet_id", "uid", "guid", "idx")
SPLIT = ("split",)


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns that are read; None for what the file does not have."""

    text: str
    label: str | None = None
    id: str | None = None
    split: str | None = None


def find_columns(
    rows: Rows, *, text: str | None = None, label: str | None = None, id: str | None = None, split: str | None = None
) -> Columns:
    """Find the columns; a name that was given must be there, the others are found by name whatever their case.

    `id=""` means that the file's ids are not to be used.

    Raises:
        BadData: a named column is missing, or none looks like the text.
    """
    label = named_column(rows, label) or guess(rows.columns, LABEL)
    key = None if id == "" else named_column(rows, id) or guess(rows.columns, ID)
    split = named_column(rows, split) or guess(rows.columns, SPLIT)
    found = named_column(rows, text) or guess(rows.columns, TEXT) or _only_one_left(rows.columns, {label, key, split})
    if found is None:
        raise BadData(
            f"{rows.path.name} has no column named {', '.join(TEXT[:5])} or the like. It has: {listed(rows.columns)}. "
            "Name the one with the text by --text-column; if this is a row of data, add a header above it."
        )
    return Columns(found, None if label == found else label, None if key == found else key, split)


def named_column(rows: Rows, name: str | None) -> str | None:
    """Return `name` if the file has that column, None if none was asked for.

    Raises:
        BadData: there is no such column; the message lists the columns and names the nearest.
    """
    if name is None or name in rows.columns:
        return name
    near = difflib.get_close_matches(name, rows.columns, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise BadData(f"{rows.path.name} has no column {name!r}.{hint} It has: {listed(rows.columns)}.")


def guess(columns: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the column that bears the first of the known names, whatever its case, quotes or spaces."""
    bare = {_bare(c): c for c in reversed(columns)}
    return next((bare[_bare(name)] for name in known if _bare(name) in bare), None)


def _bare(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip(" \"'")).casefold()


def listed(columns: Sequence[str]) -> str:
    """Return the columns for a message, cut to what fits a line: a file without a header may have a review for a column."""
    short = [repr(c if len(c) <= 40 else c[:39] + "…") for c in columns[:20]]
    return ", ".join(short) + (", …" if len(columns) > 20 else "")


def _only_one_left(columns: Sequence[str], taken: set[str | None]) -> str | None:
    """The one column left is the text, unless it reads like data: then the file has no header, and its first row would be lost."""
    left = [c for c in columns if c not in taken]
    return left[0] if len(left) == 1 and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", left[0]) else None

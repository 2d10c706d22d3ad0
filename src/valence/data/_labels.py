"""Labels as people write them: 0 and 1, neg and pos, stars, names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from valence.errors import BadData

POLAR = ("negative", "positive")
_PAIRS = (("0", "1"), ("-1", "1"), ("neg", "pos"), ("negative", "positive"))
"""Pairs that mean negative and positive, in this order."""


def label_text(value: object) -> str:
    """Return the label as it is written in a table: without spaces around it, 1.0 as 1, nothing and NaN as the empty text."""
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None or value != value else str(value).strip()
    return text.partition(".")[0] if re.fullmatch(r"-?\d+\.0+", text) else text


RARE = 20
"""A label is doubted where one that is spelt much like it stands on this many times its rows."""


def doubtful_labels(counts: Mapping[str, int]) -> list[str]:
    """Return a sentence for each rare label that may be a slip for a frequent one; it would be trained as a class of its own.

    Args:
        counts: rows of each label.
    """
    found = []
    for name, rows in counts.items():
        often = [other for other, n in counts.items() if n >= RARE * max(rows, 1) and not (name.isdigit() and other.isdigit())]
        near = difflib.get_close_matches(name.casefold(), [o.casefold() for o in often], n=1, cutoff=0.8) if rows else []
        if near:
            other = next(o for o in often if o.casefold() == near[0])
            many = f"{rows:,} rows" if rows > 1 else "1 row"
            found.append(f"The label {name!r} stands on {many}, {other!r} on {counts[other]:,}: a slip? It is a class of its own as it is.")
    return found


def name_labels(values: Iterable[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Order the labels found in a file and give them names.

    0 and 1, -1 and 1, neg and pos are named negative and positive. All others keep their names: whole numbers in the
    order of their size, names in that of the alphabet (which has negative, neutral, positive right).

    Returns:
        The k names, and for every value found its index among them.

    Raises:
        BadData: two names differ only by case.
    """
    found = set(values)
    folded = {v.casefold(): v for v in sorted(found)}
    if len(folded) < len(found):
        other = next(v for v in sorted(found) if folded[v.casefold()] != v)
        raise BadData(f"The labels {other!r} and {folded[other.casefold()]!r} differ only by case. Write them alike.")
    for pair in _PAIRS:
        if set(pair) == set(folded):
            return POLAR, {folded[value]: i for i, value in enumerate(pair)}
    numeric = all(re.fullmatch(r"[+-]?\d+", v) for v in found)
    names = tuple(sorted(found, key=int) if numeric else sorted(found))
    return names, {name: i for i, name in enumerate(names)}


def spellings(labels: tuple[str, ...]) -> dict[str, int]:
    """Return every accepted spelling of the labels, in small letters, with its index: names, neg and pos, and indices.

    Indices are accepted only where no label is itself a number: of the stars 1 to 5 `1` is the first, not the second.
    """
    known = {name.casefold(): i for i, name in enumerate(labels)}
    for short, long in (("neg", "negative"), ("pos", "positive"), ("neu", "neutral")):
        if long in known:
            known.setdefault(short, known[long])
    if not any(re.fullmatch(r"[+-]?\d+", name) for name in labels):
        known.update({str(i): i for i in range(len(labels))})
    return known

"""A table of models and sizes with the accuracy of each, as a report or a spreadsheet has it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from valence.data._columns import guess
from valence.data._rows import Row, Rows, open_rows
from valence.doctor.parts import Count, Counts
from valence.doctor.reading.predictions import read_answers
from valence.errors import BadData

MODEL = ("model", "method", "name", "system")
SIZE = ("n", "size", "rows", "texts", "samples")
REPORTED = ("accuracy", "acc", "reported")
CORRECT = ("correct", "right", "hits")


def looks_like_counts(columns: Sequence[str]) -> bool:
    """Tell whether the columns are a model and, beside it, sizes and accuracies in long or in wide form."""
    if guess(columns, MODEL) is None:
        return False
    return (guess(columns, SIZE) is not None and guess(columns, REPORTED) is not None) or len(_wide(columns)) >= 2


def names_models(path: Path) -> bool:
    """Tell whether a file's rows are the answers of several models."""
    rows = open_rows(path)
    model = guess(rows.columns, MODEL)
    return model is not None and len({str(cells[0]) for _, cells in rows.select([model])}) > 1


def count_answers(path: Path) -> dict[str, NDArray[np.bool_]]:
    """Return for each model whether its answers are right, in the file's order.

    Raises:
        BadData: the file has no true labels.
    """
    rows = open_rows(path)
    model = guess(rows.columns, MODEL)
    answers = read_answers(path, None)
    if model is None or answers.stated is None:
        raise BadData(f"{path.name} has no columns of models and true labels. It has: {', '.join(rows.columns[:20])}.")
    right = (answers.predicted == answers.stated) & (answers.stated >= 0)
    names = np.array([str(cells[0]).strip() for _, cells in rows.select([model])])
    return {str(name): right[names == name] for name in dict.fromkeys(names.tolist())}


def with_counts(counts: Counts, right: Mapping[str, NDArray[np.bool_]]) -> Counts:
    """Put beside each figure of a table how many of the model's first n answers are right."""

    def counted(row: Count) -> Count:
        found = right.get(row.model)
        return row if found is None or len(found) < row.n else replace(row, correct=int(found[: row.n].sum()))

    return replace(counts, rows=tuple(counted(row) for row in counts.rows))


def _wide(columns: Sequence[str]) -> list[str]:
    return [c for c in columns if re.fullmatch(r"\s*n?=?\d+\s*", c)]


def read_counts(path: Path) -> Counts:
    """Read the table; a row per model and size, or a row per model with a column per size.

    Raises:
        BadData: a cell that must be a number is none.
    """
    rows = open_rows(path)
    model, size, reported = guess(rows.columns, MODEL), guess(rows.columns, SIZE), guess(rows.columns, REPORTED)
    if model is None:
        raise BadData(f"{path.name} has no column model. It has: {', '.join(rows.columns[:20])}.")
    if size is not None and reported is not None:
        return Counts(path.name, tuple(_long(rows, model, size, reported)))
    sizes = _wide(rows.columns)
    return Counts(path.name, tuple(c for found in rows.select([model, *sizes]) for c in _across(path, sizes, found)))


def _long(rows: Rows, model: str, size: str, reported: str) -> list[Count]:
    correct = guess(rows.columns, CORRECT)
    wanted = [model, size, reported, *([correct] if correct else [])]
    found = []
    for line, cells in rows.select(wanted):
        where = f"{rows.path.name}, line {line}"
        share, decimals = _share(cells[2], where)
        right = int(_number(cells[3], where)) if correct else None
        found.append(Count(str(cells[0]).strip(), int(_number(cells[1], where)), share, decimals, right))
    return found


def _across(path: Path, sizes: list[str], row: Row) -> list[Count]:
    line, cells = row
    found = []
    for size, cell in zip(sizes, cells[1:], strict=True):
        if cell not in (None, ""):
            share, decimals = _share(cell, f"{path.name}, line {line}")
            found.append(Count(str(cells[0]).strip(" *`"), int(re.sub(r"\D", "", size)), share, decimals))
    return found


def _share(cell: object, where: str) -> tuple[float, int]:
    """Return a share and its decimals; what is above 1 or carries a sign of it is a percentage."""
    text = str(cell).strip().rstrip("% ")
    value = _number(text, where)
    decimals = len(text.partition(".")[2])
    return (value / 100, decimals + 2) if value > 1 or "%" in str(cell) else (value, decimals)


def _number(cell: object, where: str) -> float:
    try:
        return float(str(cell).strip().replace(",", ""))
    except ValueError:
        raise BadData(f"{where}: expected a number, found {cell!r}.") from None


__all__ = ["count_answers", "looks_like_counts", "names_models", "read_counts", "with_counts"]

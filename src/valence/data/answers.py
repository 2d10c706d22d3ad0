"""Predictions made elsewhere: `id,sentiment` as in Kaggle's IMDB competition, or with probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from valence.data._columns import ID, guess, listed
from valence.data._labels import label_text, spellings
from valence.data._rows import Rows, open_rows
from valence.errors import BadData

ANSWER = ("sentiment", "label", "prediction", "predicted", "pred", "class", "answer", "target")
SECOND = ("p_1", "prob_1", "proba_1", "p_positive")
"""What a lone column with the probability of label 1 is called."""
CONFIDENCE = ("probability", "prob", "proba", "score", "confidence", "p")
"""What people call that, but also the probability of whatever label was predicted: a column of labels tells which it is."""
SUM_TOLERANCE = 0.02
"""How far probabilities may be from summing to 1: those written with two decimals are."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a file says about n texts."""

    ids: tuple[str, ...]
    """Unique, in the file's order."""
    probabilities: NDArray[np.float32]
    """(n, k), rows sum to 1; one-hot where the file gives labels only."""
    has_probabilities: bool


def read_predictions(path: str | Path, labels: tuple[str, ...]) -> Answers:
    """Read a CSV, TSV, JSONL or Parquet file with a column of ids and one of answers.

    Ids may have quotes inside the field, as in Kaggle's files. Answers are, in this order of preference, the columns
    p_0 ... p_k (or p_<label>, or the labels' names); for two labels one column with the probability of the second; else a
    column sentiment, label or prediction with names, neg and pos, or indices. In that column too, fractions between 0
    and 1 are probabilities of the second of two labels. Probabilities are scaled to sum to 1. Where there are
    probabilities of all labels a column of labels is not read: in our own files it holds the true ones. Beside a lone
    column such as `score` it is: what transformers' pipelines write there is the probability of the predicted label.

    Args:
        path: the file.
        labels: k label names of the data set that was predicted.

    Raises:
        BadData: a column is missing, an id occurs twice or is empty, a label is not one of `labels`, or probabilities
            are negative, not finite or far from summing to 1; the message names the line.
    """
    rows = open_rows(Path(path))
    key = guess(rows.columns, ID)
    if key is None:
        raise BadData(f"{rows.path.name} has no column id. It has: {listed(rows.columns)}.")
    plan = _plan(rows, labels)
    ids: dict[str, int] = {}
    values: list[list[float]] = []
    whole = True
    for line, cells in rows.select([key, *plan.columns]):
        where = f"{rows.path.name}, {rows.unit} {line}"
        _add_id(ids, cells[0], line, rows, where)
        row, is_label = plan.read(cells[1:], where)
        whole = whole and is_label
        values.append(row)
    if not values:
        raise BadData(f"{rows.path.name} has a header but no rows. Expected one row per prediction.")
    table = np.array(values)
    if plan.confidence:
        table = _settle(table, f"{rows.path.name}, column {plan.columns[0]!r}", labels)
    return Answers(tuple(ids), table.astype(np.float32), plan.certain or not whole)


Cells = Sequence[object]
Read = Callable[[Cells, str], tuple[list[float], bool]]
"""Turns a row's cells into k numbers, and tells whether they were a mere label."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to read a file."""

    columns: list[str]
    read: Read
    certain: bool
    """Whether they are probabilities, whatever their values."""
    confidence: bool = False
    """Whether a row is read as (probability, label), and all rows together tell which label's probability it is."""


def _plan(rows: Rows, labels: tuple[str, ...]) -> _Plan:
    k, known = len(labels), spellings(labels)
    for names in ([f"p_{i}" for i in range(k)], [f"p_{name}" for name in labels], list(labels)):
        found = [c for name in names if (c := guess(rows.columns, [name])) is not None]
        if len(found) == k:
            return _Plan(found, lambda cells, where: (_distribution(cells, where), False), certain=True)
    extra = [c for c in rows.columns if c.startswith("p_") and c[2:].isdigit()]
    if len(extra) > 1:
        raise BadData(
            f"{rows.path.name} has the columns {listed(extra)} for the {k} labels {', '.join(labels)}. Expected p_0 to p_{k - 1}."
        )
    answer = guess(rows.columns, ANSWER)
    second, either = (guess(rows.columns, SECOND), guess(rows.columns, CONFIDENCE)) if k == 2 else (None, None)
    if second is not None or (either is not None and answer is None):
        lone = second if second is not None else either
        return _Plan([str(lone)], lambda cells, where: (_second(cells[0], where), False), certain=True)
    if answer is None:
        raise BadData(f"{rows.path.name} has no column {', '.join(ANSWER[:3])} or p_0 to p_{k - 1}. It has: {listed(rows.columns)}.")
    if either is not None:
        return _Plan([either, answer], lambda cells, where: (_both(cells, known, labels, where), False), certain=True, confidence=True)
    return _Plan([answer], lambda cells, where: _label(cells[0], known, labels, where), certain=False)


def _settle(table: NDArray[np.float64], where: str, labels: tuple[str, ...]) -> NDArray[np.float64]:
    """Turn (n, 2) of probability and label into (n, 2) probabilities, once it is clear whose probability it is."""
    p, second = table[:, 0], table[:, 1] == 1
    if not (((p > 0.5) & ~second) | ((p < 0.5) & second)).any():
        return np.stack([1 - p, p], axis=1)
    if (p >= 0.5).all():
        p = np.where(second, p, 1 - p)
        return np.stack([1 - p, p], axis=1)
    raise BadData(
        f"{where} is the probability neither of {labels[1]!r} nor of the label beside it. If it is that of {labels[1]!r}, call it p_1."
    )


def _add_id(ids: dict[str, int], cell: object, line: int, rows: Rows, where: str) -> None:
    key = label_text(cell).strip("\"'\\ ")
    if not key:
        raise BadData(f"{where}: the id is empty.")
    if key in ids:
        raise BadData(f"{where}: the id {key!r} is also at {rows.unit} {ids[key]}. Each text may have one answer only.")
    ids[key] = line


def _label(cell: object, known: dict[str, int], labels: tuple[str, ...], where: str) -> tuple[list[float], bool]:
    text = label_text(cell).strip("\"'")
    index = known.get(text.casefold())
    if index is not None:
        return [float(i == index) for i in range(len(labels))], True
    if len(labels) == 2 and 0 <= _number(text) <= 1:
        return _second(text, where), False
    found = repr(text) if text else "nothing"
    raise BadData(f"{where}: expected one of {', '.join(labels)}, or an index from 0 to {len(labels) - 1}; found {found}.")


def _both(cells: Cells, known: dict[str, int], labels: tuple[str, ...], where: str) -> list[float]:
    one_hot, is_label = _label(cells[1], known, labels, where)
    if not is_label:
        raise BadData(f"{where}: two columns hold probabilities. Keep one, called p_1.")
    return [_second(cells[0], where)[1], one_hot[1]]


def _second(cell: object, where: str) -> list[float]:
    p = _number(cell)
    if not 0 <= p <= 1:
        raise BadData(f"{where}: expected the probability of the second label, from 0 to 1; found {cell!r}.")
    return [1 - p, p]


def _distribution(cells: Cells, where: str) -> list[float]:
    values = [_number(c) for c in cells]
    total = sum(values)
    if not (all(v >= 0 for v in values) and abs(total - 1) <= SUM_TOLERANCE):
        raise BadData(f"{where}: probabilities must be 0 or more and sum to 1; found {', '.join(str(c) for c in cells)}.")
    return [v / total for v in values]


def _number(cell: object) -> float:
    """Return the cell as a number; NaN, which no comparison accepts, where it is none."""
    try:
        return float(str(cell).strip("\"' "))
    except ValueError:
        return float("nan")

"""Predictions of any script, taken as they stand: NaN, repeated ids and empty answers are what a check wants to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from valence.data._columns import ID, TEXT, guess
from valence.data._labels import POLAR, label_text, name_labels, spellings
from valence.data._rows import Rows, open_rows
from valence.data.answers import CONFIDENCE, SECOND
from valence.doctor.parts import UNKNOWN, Answers, Gold, Truth
from valence.doctor.subject import Absent
from valence.errors import BadData
from valence.types import UNLABELED

TRUE = ("true_label", "gold", "gold_label", "truth", "y_true", "true")
PREDICTED = ("prediction", "predicted", "pred", "predicted_label", "y_pred", "answer", "sentiment")
EITHER = ("label", "class", "target")
"""The true label where there are answers beside it, else the answer."""
RESPONSE = ("response", "output", "generated", "generation", "completion", "raw_answer")


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column of a file of predictions holds."""

    id: str
    probabilities: tuple[str, ...] = ()
    """Of all labels."""
    lone: str | None = None
    """The probability of one label."""
    of_second: bool = True
    """Whether `lone` is that of the second label, or of the predicted one."""
    predicted: str | None = None
    truth: str | None = None
    response: str | None = None


def find_answer_columns(columns: Sequence[str], names: tuple[str, ...] | None = None) -> Columns | None:
    """Tell which column holds what; None where the file holds no predictions by id."""
    key = guess(columns, ID)
    if key is None:
        return None
    named = [guess(columns, [f"p_{name}"]) or guess(columns, [name]) for name in names or POLAR]
    counted = sorted((c for c in columns if c.startswith("p_") and c[2:].isdigit()), key=lambda c: int(c[2:]))
    probabilities = tuple(counted) if len(counted) > 1 else tuple(c for c in named if c) if all(named) else ()
    truth, predicted, either = guess(columns, TRUE), guess(columns, PREDICTED), guess(columns, EITHER)
    second, confidence = guess(columns, SECOND), guess(columns, CONFIDENCE)
    response = guess(columns, RESPONSE)
    answered = bool(probabilities or predicted or second or (confidence and truth))
    if either is not None and truth is None and answered:
        truth = either
    elif either is not None and predicted is None and not probabilities:
        predicted = either
    if not (probabilities or predicted or second or confidence or response):
        return None
    if not answered and response is None and guess(columns, TEXT) is not None:
        return None  # texts and labels are a data set
    lone = None if probabilities else second or confidence
    return Columns(key, probabilities, lone, second is not None or predicted is None, predicted, truth, response)


def read_answers(path: Path, names: tuple[str, ...] | None) -> Answers:
    """Read a file of predictions.

    Args:
        path: CSV, TSV, JSONL or Parquet.
        names: label names of the data set; guessed from the file when None.

    Raises:
        BadData: the file cannot be read, or holds no predictions by id.
    """
    rows = open_rows(path)
    columns = find_answer_columns(rows.columns, names)
    if columns is None:
        raise BadData(f"{path.name} has no columns of ids and answers. It has: {', '.join(rows.columns[:20])}.")
    table = _read(rows, columns)
    names = names or _names(columns, table)
    known = spellings(names)
    stated = _codes(table[columns.truth], known) if columns.truth else None
    said = _codes(table[columns.predicted], known) if columns.predicted else None
    probabilities = _probabilities(columns, table, said)
    if said is None:
        said = _none(table[columns.id]) if probabilities is None else _argmax(probabilities)
    ids = tuple(label_text(cell).strip("\"'\\ ") for cell in table[columns.id])
    responses = tuple(str(cell or "") for cell in table[columns.response]) if columns.response else None
    return Answers(path.name, names, ids, said, probabilities, stated, responses)


def _argmax(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return (n,) what `argmax` says, which for a row of NaN is 0: the way a broken network gets a label at all."""
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def _read(rows: Rows, columns: Columns) -> dict[str, list[object]]:
    wanted = [c for c in (columns.id, *columns.probabilities, columns.lone, columns.predicted, columns.truth, columns.response) if c]
    table: dict[str, list[object]] = {c: [] for c in wanted}
    for _, cells in rows.select(wanted):
        for name, cell in zip(wanted, cells, strict=True):
            table[name].append(cell)
    if not table[columns.id]:
        raise BadData(f"{rows.path.name} has a header but no rows. Expected one row per prediction.")
    return table


def _names(columns: Columns, table: dict[str, list[object]]) -> tuple[str, ...]:
    if len(columns.probabilities) > 2:
        return tuple(c.removeprefix("p_") for c in columns.probabilities)
    cells = [c for name in (columns.truth, columns.predicted) if name for c in table[name]]
    values = {label_text(cell).strip("\"'") for cell in cells} - {"", "-1", "nan", "NaN", "None"}
    if columns.probabilities or values <= set(spellings(POLAR)) or len(values) < 2 or len(values) > 20:
        return POLAR
    return name_labels(values)[0]


def _codes(cells: list[object], known: dict[str, int]) -> NDArray[np.int64]:
    found = (known.get(label_text(cell).strip("\"'").casefold(), UNLABELED) for cell in cells)
    return np.fromiter(found, dtype=np.int64, count=len(cells))


def _none(cells: list[object]) -> NDArray[np.int64]:
    return np.full(len(cells), UNLABELED, dtype=np.int64)


def _probabilities(columns: Columns, table: dict[str, list[object]], said: NDArray[np.int64] | None) -> NDArray[np.float64] | None:
    if columns.probabilities:
        return np.array([[_number(cell) for cell in table[c]] for c in columns.probabilities]).T
    if columns.lone is None:
        return None
    p = np.array([_number(cell) for cell in table[columns.lone]])
    if not columns.of_second and said is not None:
        p = np.where(said == 1, p, 1 - p)
    return np.stack([1 - p, p], axis=1)


def _number(cell: object) -> float:
    try:
        return float(str(cell).strip("\"' "))
    except ValueError:
        return float("nan")


def truth_of(answers: Answers, gold: Gold | None) -> Truth:
    """Match the true labels to the answers by id, from the data set where it is there, else as the file states them.

    Raises:
        Absent: neither gives any.
    """
    if gold is not None:
        label = dict(zip(gold.split.ids, gold.split.labels.tolist(), strict=True))
        found = np.fromiter((label.get(name, UNKNOWN) for name in answers.ids), dtype=np.int64, count=len(answers))
        return Truth(found, "the data set")
    if answers.stated is not None:
        return Truth(answers.stated, answers.source)
    raise Absent("no true labels: name the data set with --data")


__all__ = ["Columns", "find_answer_columns", "read_answers", "truth_of"]

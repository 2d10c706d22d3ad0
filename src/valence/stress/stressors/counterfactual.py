"""Pairs of your own: an original and a changed text in a table (counterfactuals as in Kaushik et al., 2020, arXiv:1909.12434)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadData
from valence.stress.stressor import Given, Stressor, Trial

if TYPE_CHECKING:
    import polars as pl

SEPARATORS = {".csv": ",", ".tsv": "\t"}


class Counterfactual(Stressor):
    """Columns `original` and `changed`, and where known `label` and `changed_label`.

    With both labels, pairs whose labels differ should turn and the others stay; with `label` alone all should stay; without
    labels only the answers that change are counted.
    """

    about: ClassVar[str] = "pairs of your own"
    paper: ClassVar[str] = "Kaushik et al., 2020, arXiv:1909.12434"

    def why_not(self, given: Given) -> str:
        """It needs a file."""
        return "" if given.pairs else "no --pairs FILE was given"

    def trials(self, given: Given) -> Iterator[Trial]:
        """Yield the pairs of the file.

        Raises:
            BadData: it cannot be read, or a column is missing.
            Mismatch: it holds labels the run does not know.
        """
        path = given.pairs or Path()
        table = _read(path)
        before, after = tuple(table["original"].to_list()), tuple(table["changed"].to_list())
        ids = tuple(table["id"].to_list()) if "id" in table.columns else tuple(str(i) for i in range(len(table)))
        old = _labels(given, table, "label", path)
        new = _labels(given, table, "changed_label", path)
        new = old if new is None else new
        turns = np.zeros(len(ids), dtype=np.bool_) if old is None or new is None else (old != new) & (old >= 0) & (new >= 0)
        for name, rows in (("label turns", np.flatnonzero(turns)), ("label stays", np.flatnonzero(~turns))):
            yield Trial(
                name=name if old is not None else "no labels",
                ids=tuple(ids[i] for i in rows),
                before=tuple(before[i] for i in rows),
                after=tuple(after[i] for i in rows),
                labels_before=None if old is None else old[rows],
                labels=None if new is None else new[rows],
                expects="turned" if name == "label turns" else "same" if old is not None else "open",
                note=path.name,
            )


def _read(path: Path) -> pl.DataFrame:
    import polars as pl

    if path.suffix.lower() not in SEPARATORS:
        raise BadData(f"--pairs {path} has an unknown ending. Known: {', '.join(SEPARATORS)}.")
    try:
        table = pl.read_csv(path, separator=SEPARATORS[path.suffix.lower()], infer_schema=False, encoding="utf8")
    except FileNotFoundError:
        raise BadData(f"--pairs {path} is not there. Give a CSV file with the columns original and changed.") from None
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadData(f"--pairs {path} cannot be read: {' '.join(str(error).split())[:120]}.") from None
    table = table.rename({c: c.strip().lower() for c in table.columns})
    missing = [c for c in ("original", "changed") if c not in table.columns]
    if missing:
        raise BadData(f"--pairs {path.name} has no column {missing[0]!r}. It has: {', '.join(table.columns)}.")
    return table.with_columns(pl.all().fill_null(""))


def _labels(given: Given, table: pl.DataFrame, column: str, path: Path) -> NDArray[np.int64] | None:
    """Return (n,) labels by name, -1 where the cell is empty; None where there is no such column."""
    if column not in table.columns:
        return None
    values = table[column].to_list()
    names = tuple(dict.fromkeys(v for v in values if v))
    codes = np.array([names.index(v) if v else -1 for v in values], dtype=np.int64)
    return given.own(names, codes, f"--pairs {path.name}")

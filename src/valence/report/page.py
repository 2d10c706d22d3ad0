"""The board as one page: a self-contained HTML file that loads nothing, filtered, sorted, in light and dark, readable on a phone.

`page.html.j2` stands in `base.html.j2`; `base.css`, `page.css`, `plot.js`, `page.js` and `sections.js` are put into it. Every
name and text goes through Jinja's escaping or into a JSON block that the script writes with `textContent`, so that nothing
from a run can become markup.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from valence.report.board import ALPHA, TOP, Board
from valence.report.curve_page import section as curve_section
from valence.report.drawing import window
from valence.report.families import FAMILIES
from valence.report.inline import asset, environment, script_json
from valence.report.page_data import WITH_WRONG, data
from valence.report.robustness import compared
from valence.report.rows import Row
from valence.report.table import COLUMNS, Cell, Column, column, duration, percent

TABLE = (
    *("rank", "preset", "accuracy", "better_than_next_p", "seed_accuracy", "n_train", "seeds", "fit_seconds", "texts_per_second"),
    *("macro_f1", "log_loss", "ece", "valid_rate", "accuracy_valid", "trainable_parameters", "peak_memory_bytes", "device"),
)
"""Columns of the table; method and backbone stand under the preset, the interval beside the accuracy."""


def render(board: Board) -> str:
    """Return the whole page."""
    columns, ends = _columns(board), window(board.rows) if board.rows else (0.0, 1.0)
    curves = {"curves": None} if board.curves is None else curve_section(board.curves)
    styles, scripts = ["base.css", "page.css"], ["plot.js", "page.js", "sections.js"]
    if board.curves is not None:
        styles, scripts = [*styles, "curve.css"], [*scripts, "curve.js"]
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            **curves,
            board=board,
            css=asset(*styles),
            js=asset(*scripts),
            data=script_json(data(board, ends)),
            columns=columns,
            rows=[_table_row(r, columns, ends) for r in board.rows],
            families=_families(board.rows),
            train_sizes=sorted({r.size for r in board.rows if r.size}, key=lambda size: (size == "all", int(size) if size != "all" else 0)),
            several=any(len(r.records) > 1 for r in board.rows),
            cards=_cards(board),
            matrix=_matrix(board),
            stress=compared(board.rows, board.reports),
            calibrated=any(r.scaled is not None for r in board.rows),
            legend=[c for c in COLUMNS if c.name not in {"rank"}],
            provenance=_provenance(board),
            top=TOP,
            alpha=ALPHA,
            with_wrong=WITH_WRONG,
        )
    )


def _families(rows: Sequence[Row]) -> list[tuple[str, str, int]]:
    """Return name, title and number of rows of every family on the board."""
    count = Counter(r.family for r in rows)
    return [(name, title, count[name]) for name, title in FAMILIES.items() if count[name]]


def _columns(board: Board) -> list[Column]:
    """Return the table's columns without those that say nothing on this board."""
    valid = any(r.valid_rate < 1 for r in board.rows)
    kept = [column(name) for name in TABLE if valid or name not in {"valid_rate", "accuracy_valid"}]
    return [c for c in kept if any(c.show(r) for r in board.rows)]


def _table_row(row: Row, columns: Sequence[Column], ends: tuple[float, float]) -> dict[str, Any]:
    """Return what the template writes of a row: sort values, shown text and the interval bar in percent of its track."""
    low, high = ends
    found = row.figures["accuracy"]
    place = [float(np.clip(100 * (v - low) / (high - low), 0, 100)) for v in (found.low, found.value, found.high)]
    size = "" if row.first.n_train is None else f"{row.first.n_train:,} training texts"
    about = " · ".join(part for part in (row.first.method or "predictions made elsewhere", row.first.backbone, size) if part)
    return {
        "row": row,
        "about": "" if about == row.first.preset else about,
        "cells": [(c, _sortable(c.value(row)), c.show(row)) for c in columns],
        "bar": {"left": place[0], "width": max(place[2] - place[0], 0.8), "dot": place[1], "below": found.value < low},
        "find": " ".join((row.first.preset, row.first.method, row.first.backbone, row.device, FAMILIES[row.family])).lower(),
    }


def _sortable(value: Cell) -> str:
    """Return a value as the page sorts it; `all` training texts come after every number."""
    if value is None:
        return ""
    return "1e18" if value == "all" else f"{value:.10g}" if isinstance(value, float) else str(value)


def _cards(board: Board) -> list[tuple[str, int, Row, str]]:
    """Return what to know first: the best row, the best without pretrained weights, the quickest within a point of the best."""
    if not board.rows:
        return []
    rows = list(enumerate(board.rows))
    best, others = board.rows[0], min(len(board.rows), TOP) - 1
    beyond = f"no significant difference to {len(board.tied_with_best)} of the next {others}" if others else "the only row"
    cards = [("Best", 0, best, beyond)]
    own = next(((i, r) for i, r in rows if not r.first.backbone and not r.outside), (0, best))
    if own[0]:
        cards.append(("Best without pretrained weights", *own, f"{percent(best.accuracy - own[1].accuracy)} points behind the best"))
    near = [(r.fit_seconds, i) for i, r in rows if r.fit_seconds is not None and r.accuracy >= best.accuracy - 0.01]
    if near and min(near)[1]:
        seconds, i = min(near)
        cards.append(
            ("Quickest fit within a point", i, board.rows[i], f"{duration(seconds)} on {board.rows[i].device or 'an unknown device'}")
        )
    return cards


def _matrix(board: Board) -> list[dict[str, Any]]:
    """Return the paired tests of the first rows: of each, its cells against every other."""
    rows, pairs = board.rows[:TOP], board.pairs
    return [
        {
            "row": first,
            "cells": [
                None if i == j else (float(100 * pairs.difference[i, j]), float(pairs.p_adjusted[i, j]), second)
                for j, second in enumerate(rows)
            ],
        }
        for i, first in enumerate(rows)
    ]


def _provenance(board: Board) -> dict[str, Any]:
    """Return where the figures come from, over all runs of the board."""
    runs = [record for r in board.rows for record in r.records]
    versions: dict[str, set[str]] = {}
    for run in runs:
        for name, version in run.provenance.versions.items():
            versions.setdefault(name, set()).add(version)
    return {
        "digests": sorted({r.provenance.data_digest for r in runs if r.provenance.data_digest}),
        "commits": sorted({r.provenance.commit[:12] + ("+changes" if r.provenance.dirty else "") for r in runs if r.provenance.commit}),
        "versions": [(name, ", ".join(sorted(found))) for name, found in sorted(versions.items())],
        "devices": sorted({r.provenance.device for r in runs if r.provenance.device}),
        "commands": [r.command for r in runs if r.command],
        "runs": len(runs),
        "newest": max((r.finished for r in runs), default=""),
    }

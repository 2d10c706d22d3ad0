"""The board as one page: a self-contained HTML file that loads nothing, sortable, in light and dark, readable on a phone.

`page.html.j2` is the frame, `page.css` and `page.js` are put into it. Every name and text goes through Jinja's escaping or
into a JSON block that the script writes with `textContent`, so that nothing from a run can become markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from valence.evaluation.uncertainty import Interval
from valence.report.board import ALPHA, TOP, Board
from valence.report.drawing import window
from valence.report.rows import Row
from valence.report.table import COLUMNS, Cell, Column, column, duration, p_value, percent

if TYPE_CHECKING:
    from markupsafe import Markup

ROOM = Path(__file__).parent
WITH_WRONG = 40
"""Rows whose confidently wrong texts are listed."""
TABLE = (
    *("rank", "preset", "accuracy", "better_than_next_p", "seed_accuracy", "n_train", "seeds", "fit_seconds", "texts_per_second"),
    *("macro_f1", "log_loss", "ece", "valid_rate", "accuracy_valid", "trainable_parameters", "peak_memory_bytes", "device"),
)
"""Columns of the table; method and backbone stand under the preset, the interval beside the accuracy."""


def render(board: Board) -> str:
    """Return the whole page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    columns, ends = _columns(board), _ends_of_bars(board.rows)
    environment = Environment(
        loader=FileSystemLoader(ROOM), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(percent=percent, p_value=p_value, duration=duration)
    return environment.get_template("page.html.j2").render(
        board=board,
        css=_asset("page.css"),
        js=_asset("page.js"),
        data=_script_json(_data(board)),
        columns=columns,
        rows=[_table_row(r, columns, ends) for r in board.rows],
        cards=_cards(board),
        matrix=_matrix(board),
        legend=[c for c in COLUMNS if c.name not in {"rank"}],
        provenance=_provenance(board),
        top=TOP,
        alpha=ALPHA,
        with_wrong=WITH_WRONG,
    )


def _asset(name: str) -> Markup:
    """Return one of our own files unescaped."""
    from markupsafe import Markup

    return Markup((ROOM / name).read_text(encoding="utf-8"))  # our own file, no run's text is in it


def _script_json(value: object) -> Markup:
    """Return JSON that cannot end the script element it stands in: `<`, `>` and `&` are written as escapes, all else is ASCII."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # escaped above


def _columns(board: Board) -> list[Column]:
    """Return the table's columns without those that say nothing on this board."""
    valid = any(r.valid_rate < 1 for r in board.rows)
    kept = [column(name) for name in TABLE if valid or name not in {"valid_rate", "accuracy_valid"}]
    return [c for c in kept if any(c.show(r) for r in board.rows)]


def _ends_of_bars(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the accuracies at the two ends of the interval bars, which show the rows within 15 points of the best."""
    return window(rows) if rows else (0.0, 1.0)


def _table_row(row: Row, columns: Sequence[Column], ends: tuple[float, float]) -> dict[str, Any]:
    """Return what the template writes of a row: sort values, shown text and the interval bar in percent of its track."""
    low, high = ends
    found = row.figures["accuracy"]
    place = [float(np.clip(100 * (v - low) / (high - low), 0, 100)) for v in (found.low, found.value, found.high)]
    about = " · ".join(part for part in (row.first.method or "predictions made elsewhere", row.first.backbone) if part)
    return {
        "row": row,
        "about": "" if about == row.first.preset else about,
        "cells": [(c, _sortable(c.value(row)), c.show(row)) for c in columns],
        "bar": {"left": place[0], "width": max(place[2] - place[0], 0.8), "dot": place[1], "below": found.value < low},
        "find": " ".join((row.first.preset, row.first.method, row.first.backbone, row.device)).lower(),
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


def _data(board: Board) -> dict[str, Any]:
    """Return what the script draws from."""
    return {
        "labels": list(board.labels),
        "window": [_round(v) for v in _ends_of_bars(board.rows)],
        "rows": [_row_data(r, board, i < WITH_WRONG) for i, r in enumerate(board.rows)],
    }


def _row_data(row: Row, board: Board, with_wrong: bool) -> dict[str, Any]:
    held = row.curve.counts > 0
    elsewhere = {"rank", "preset", "accuracy", "ci_low", "ci_high", "macro_f1", "log_loss", "ece"}
    elsewhere |= set() if row.valid_rate < 1 else {"valid_rate", "accuracy_valid"}
    facts = [(c.title, c.show(row)) for c in COLUMNS if c.name not in elsewhere and c.show(row)]
    return {
        "name": row.title,
        "device": row.device,
        "pareto": row.pareto,
        "accuracy": _interval(row.figures["accuracy"]),
        "cost": [_round(v) for v in (row.fit_seconds, row.texts_per_second, row.trainable_parameters, row.peak_memory_bytes)],
        "curve": [
            [_round(v) for v in row.curve.confidence[held]],
            [_round(v) for v in row.curve.accuracy[held]],
            row.curve.counts[held].tolist(),
        ],
        "ece": percent(row.figures["ece"].value),
        "intervals": [
            ["Accuracy", *(percent(v) for v in _ends(row.figures["accuracy"])), "%"],
            ["Macro F1", *(percent(v) for v in _ends(row.figures["macro_f1"])), "%"],
            ["Log loss", *(f"{v:.4f}" for v in _ends(row.figures["log_loss"])), ""],
            ["ECE", *(percent(v) for v in _ends(row.figures["ece"])), "%"],
        ],
        "seeds": [[r.seed, percent(a), r.id] for r, a in zip(row.records, row.seed_accuracies, strict=True)],
        "facts": facts,
        "commands": [r.command for r in row.records if r.command],
        "wrong": [[w.id, w.label, w.answer, percent(w.confidence, 1), w.rating, board.texts.get(w.id, "")] for w in row.wrong]
        if with_wrong
        else [],
    }


def _ends(found: Interval) -> tuple[float, float, float]:
    return found.value, found.low, found.high


def _interval(found: Interval) -> list[float | None]:
    return [_round(v) for v in _ends(found)]


def _round(value: float | None) -> float | None:
    """Keep five significant digits, enough to draw."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.5g}")

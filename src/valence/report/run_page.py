"""A page per run: what was asked, how it trained, what it got wrong, what it cost. It loads nothing and links back to the board.

`run.html.j2` stands in `base.html.j2`; `base.css`, `run.css`, `plot.js` and `run.js` are put into it. Reviews are named by
id; their text stands there only on a board that was built with texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from valence.report.board import Board
from valence.report.hardest import Mark
from valence.report.history import History
from valence.report.inline import asset, environment, script_json
from valence.report.page_data import bins, rounded
from valence.report.reading import Excluded
from valence.report.robustness import HEADINGS, lines
from valence.report.rows import Row
from valence.report.run_figures import RunFigures
from valence.report.table import duration, memory, percent, quantity, speed
from valence.store import RunRecord

TILES = (("accuracy", "Accuracy, %"), ("macro_f1", "Macro F1, %"), ("log_loss", "Log loss"), ("ece", "Calibration error, %"))


def pages(board: Board) -> Iterator[tuple[str, str]]:
    """Yield the id and the page of every run: ranked, refused, failed and interrupted ones."""
    template = environment().get_template("run.html.j2")
    fixed = {"css": asset("base.css", "run.css"), "js": asset("plot.js", "run.js"), "board": board, "headings": HEADINGS}
    for row in board.rows:
        for run in row.runs:
            yield run.record.id, template.render(**fixed, **_common(board, run.record), **_ranked(board, row, run))
    for gone in (*board.unfinished, *board.refused):
        yield gone.run, template.render(**fixed, **_common(board, gone.record), **_unranked(board, gone))


def _common(board: Board, record: RunRecord) -> dict[str, Any]:
    history = board.histories.get(record.id, History((), ()))
    names = list(dict.fromkeys(name for row in history.epochs for name in row))
    stress = board.reports[record.id].stress if record.id in board.reports else None
    return {
        "record": record,
        "settings": _settings(record),
        "costs": _costs(record),
        "history": history,
        "epochs": (names, [[_shown(name, row.get(name)) for name in names] for row in history.epochs]),
        "stress": None if stress is None else {"report": stress, "lines": lines(stress.findings)},
    }


def _ranked(board: Board, row: Row, run: RunFigures) -> dict[str, Any]:
    report = board.reports.get(run.record.id)
    return {
        "run": run,
        "row": row,
        "excluded": None,
        "tiles": [(title, *_ends(name, run)) for name, title in TILES],
        "confusion": _confusion(run),
        "calibration": None if report is None else report.calibration,
        "hardest": [(w, _marks(board, run.record, w.id)) for w in run.wrong],
        "data": script_json(_drawn(run, board.histories.get(run.record.id, History((), ())))),
    }


def _unranked(board: Board, gone: Excluded) -> dict[str, Any]:
    drawn = {"name": gone.preset, "history": _series(board.histories.get(gone.run, History((), ())))}
    return {"run": None, "row": None, "excluded": gone, "data": script_json(drawn)}


def _ends(name: str, run: RunFigures) -> list[str]:
    found = run.figures[name]
    return [f"{v:.4f}" if name == "log_loss" else percent(v) for v in (found.value, found.low, found.high)]


def _settings(record: RunRecord) -> list[tuple[str, str]]:
    """Return the method's settings and those of the experiment, in the order of the record."""
    method = record.experiment.get("method", {})
    outer = {name: value for name, value in record.experiment.items() if name not in {"method", "preset"}}
    settings = {**({name: v for name, v in method.items() if name != "name"} if isinstance(method, dict) else {}), **outer}
    return [(name, _written(value)) for name, value in settings.items() if value is not None and value != ""]


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _costs(record: RunRecord) -> list[tuple[str, str]]:
    cost = record.cost
    found = [
        ("Fit", duration(cost.fit_seconds)),
        ("Prediction", duration(cost.predict_seconds)),
        ("Texts per second", speed(cost.texts_per_second)),
        ("Trainable parameters", quantity(cost.trainable_parameters)),
        ("Parameters", quantity(cost.total_parameters)),
        ("Peak memory", memory(cost.peak_memory_bytes)),
        ("Saved model", memory(cost.size_bytes)),
    ]
    return [(name, shown) for name, shown in found if shown]


def _shown(name: str, value: float | None) -> str:
    if value is None or value != value:
        return "" if value is None else "not finite"
    return f"{value:,.0f}" if name in {"step", "epoch"} else percent(value) if name.endswith(("accuracy", "f1")) else f"{value:.4g}"


def _confusion(run: RunFigures) -> list[tuple[str, list[tuple[int, str, bool]]]]:
    """Return of each true label the count, share and rightness of every answer; invalid answers only where there are any."""
    table = run.confusion if run.confusion[:, -1].any() else run.confusion[:, :-1]
    return [
        (name, [(int(count), percent(count / max(int(counts.sum()), 1), 1), i == j) for j, count in enumerate(counts)])
        for i, (name, counts) in enumerate(zip(run.record.labels, table, strict=True))
    ]


def _marks(board: Board, record: RunRecord, review: str) -> tuple[Mark, ...]:
    """Return the text of a review, coloured where it was explained; nothing on a board without texts."""
    found = board.marks.get((record.id, review))
    if found is not None and review in board.texts:
        return tuple(found)
    return (Mark(board.texts[review]),) if review in board.texts else ()


def _drawn(run: RunFigures, history: History) -> dict[str, Any]:
    """Return what the script draws from."""
    spread = run.histogram
    return {
        "name": run.record.preset,
        "labels": list(run.record.labels),
        "curve": bins(run.curve),
        "scaled": None if run.scaled is None else bins(run.scaled),
        "histogram": {
            "axis": spread.axis,
            "edges": [rounded(v) for v in spread.edges],
            "groups": [{"name": name, "counts": counts.tolist()} for name, counts in zip(spread.names, spread.counts, strict=True)],
        },
        "history": _series(history),
    }


def _series(history: History) -> list[dict[str, Any]]:
    return [
        {"name": s.name.replace("_", " "), "kind": s.kind, "valid": s.valid, "points": [[step, rounded(v)] for step, v in s.points]}
        for s in history.series
    ]


__all__ = ["pages"]

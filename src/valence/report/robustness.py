"""The board's table of robustness: what each run with a stress report makes of the same trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from valence.evaluation.uncertainty import Interval
from valence.report.beside import Beside, Trial
from valence.report.rows import Row
from valence.report.table import p_value

HEADINGS = ("Texts", "Before %", "After %", "Change", "p", "Flipped %", "Both right %", "Broken %")
"""Of a run's own table."""
LEVEL = 0.05
"""Below this p a change is coloured."""


def compared(rows: Sequence[Row], reports: Mapping[str, Beside]) -> dict[str, Any] | None:
    """Return columns (runs) and groups (stressors) of lines (trials); None where no run has a report."""
    found = [(i, r, record, report) for i, r in enumerate(rows) for record in r.records if (report := reports[record.id].stress)]
    if not found:
        return None
    trials = [{(t.stressor, t.name): t for t in report.findings} for _, _, _, report in found]
    names = list(dict.fromkeys(key for each in trials for key in each))
    groups = {stressor: [(n, [_cell(each.get((s, n))) for each in trials]) for s, n in names if s == stressor] for stressor, _ in names}
    columns = [
        {
            "row": i,
            "run": record.id,
            "title": r.title + (f", seed {record.seed}" if len(r.records) > 1 else ""),
            "about": f"{report.n:,} texts changed",
        }
        for i, r, record, report in found
    ]
    return {"columns": columns, "groups": list(groups.items())}


def _cell(trial: Trial | None) -> dict[str, str]:
    if trial is None:
        return {"shown": "", "note": "", "kind": ""}
    if trial.after is None:
        share, note = (trial.broken, "broken") if trial.broken is not None else (trial.flipped, "flipped")
        return {"shown": "", "note": "", "kind": ""} if share is None else {"shown": f"{100 * share.value:.1f}", "note": note, "kind": ""}
    return {"shown": f"{100 * trial.after.value:.1f}", "note": _points(trial.change), "kind": _kind(trial)}


def _kind(trial: Trial) -> str:
    if trial.change is None or trial.p is None or trial.p >= LEVEL:
        return ""
    return "down" if trial.change.value < 0 else "up"


def _points(change: Interval | None) -> str:
    return "" if change is None else f"{100 * change.value:+.1f}"


def lines(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return the lines of a run's own table under `HEADINGS`, with intervals."""
    return [
        {
            "stressor": t.stressor,
            "name": t.name,
            "kind": _kind(t),
            "cells": [
                f"{t.n:,}",
                *(_share(v) for v in (t.before, t.after)),
                "" if t.change is None else f"{_points(t.change)} [{_points(_end(t.change.low))}, {_points(_end(t.change.high))}]",
                p_value(t.p),
                *(_share(v) for v in (t.flipped, t.both, t.broken)),
            ],
        }
        for t in trials
    ]


def _end(value: float) -> Interval:
    return Interval(value, value, value)


def _share(found: Interval | None) -> str:
    return "" if found is None else f"{100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


__all__ = ["HEADINGS", "compared", "lines"]

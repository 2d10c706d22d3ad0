"""Learning curves as one page: it loads nothing, its plot follows theme and width, every figure also stands in a table.

`curve.html.j2` stands in `base.html.j2`; `base.css`, `curve.css`, `plot.js` and `curve.js` are put into it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from valence.report.curve import Curve, Curves, Point
from valence.report.curve_figure import places
from valence.report.curve_text import LEGEND, columns, heading, interval, size, summary
from valence.report.inline import asset, environment, script_json
from valence.report.table import percent


def render(curves: Curves) -> str:
    """Return the whole page."""
    head, rows = summary(curves)
    return (
        environment()
        .get_template("curve.html.j2")
        .render(
            **section(curves),
            css=asset("base.css", "curve.css"),
            js=asset("plot.js", "curve.js"),
            heading=heading(curves),
            summary_head=head,
            summary=rows,
            legend=" ".join(LEGEND),
        )
    )


def section(curves: Curves) -> dict[str, Any]:
    """Return what `curve_section.html.j2` shows, on this page and on the board's."""
    return {
        "curves": curves,
        "curve_data": script_json(_data(curves)),
        "sizes": [(head, [_cell(c, n) for c in curves.curves if not c.flat]) for n, head in columns(curves)],
        "flat": [(c.title, _figures(c.points[0])) for c in curves.curves if c.flat],
    }


def _cell(curve: Curve, n: int | None) -> str:
    point = next((p for p in curve.points if p.n == n), None)
    return "" if point is None else _figures(point)


def _figures(point: Point) -> str:
    a = point.accuracy
    return interval(a.value, a.low, a.high)


def _data(curves: Curves) -> dict[str, Any]:
    """Return what the script draws from."""
    place = places(curves)
    largest = max((p.n for c in curves.curves if not c.flat for p in c.measured if p.n is not None), default=None)
    return {
        "targets": list(curves.targets),
        "largest": largest,
        "ticks": [[place[n], "all" if n is None else f"{n:,}"] for n, _ in columns(curves)],
        "curves": [
            {"title": c.title, "flat": c.flat, "points": [_point(c, p, None if c.flat else place[p.n]) for p in c.points]}
            for c in curves.curves
        ],
    }


def _point(curve: Curve, point: Point, x: float | None) -> dict[str, Any]:
    a = point.accuracy
    count = f"{len(point.seeds)} seed{'' if len(point.seeds) == 1 else 's'}" + (
        f", {point.missing} did not finish" if point.missing else ""
    )
    where = "no labels" if curve.flat else f"N = {size(curve, point)}"
    seeds = "each: " + ", ".join(percent(s) for s in point.seed_accuracies)
    lines = [curve.title, where, f"{percent(a.value)} % ({percent(a.low)} to {percent(a.high)})", count, seeds]
    figures = [_round(v) for v in (a.value, a.low, a.high)]
    return {
        "x": x,
        "known": point.n is not None,
        "y": figures,
        "seeds": [_round(s) for s in point.seed_accuracies],
        "tip": "\n".join(lines),
    }


def _round(value: float) -> float:
    """Keep five significant digits, enough to draw."""
    return float(f"{value:.5g}") if np.isfinite(value) else 0.0


__all__ = ["render", "section"]

"""Learning curves as a PNG: accuracy over log2 N with a band, level lines for what uses no labels. Drawn without a display."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from valence.report.curve import Curve, Curves
from valence.report.drawing import FAINT, GRID, INK, blank, percent_axis, plain, png, title
from valence.report.table import percent, quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#1f6feb", "#b4540a", "#1a7f4b", "#8a3ffc", "#b3261e", "#0b7285", "#946200", "#5c6470")
"""Told apart by colour-blind readers in this order; markers differ too."""
CROWDED, LONG = 9, 34
"""Curves, and characters of a title, beyond which the legend stands below."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")


def draw(curves: Curves) -> bytes:
    """Draw every curve with its 95 % band and the accuracy of each seed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the bundled font lacks is drawn as boxes
        return _draw(curves)


def places(curves: Curves) -> dict[int | None, float]:
    """Return log2 of every size; all of an unknown number stands a doubling behind the largest."""
    sizes = sorted({p.n for c in curves.curves if not c.flat for p in c.measured if p.n is not None})
    found: dict[int | None, float] = {n: float(np.log2(n)) for n in sizes}
    found[None] = max(found.values(), default=0.0) + 1
    return found


def _draw(curves: Curves) -> bytes:
    crowded = len(curves.curves) > CROWDED or max(len(c.title) for c in curves.curves) > LONG
    figure = blank(8.5, 4.8 + 0.18 * -(-len(curves.curves) // 2) * crowded)
    axes = figure.add_subplot()
    plain(axes)
    place = places(curves)
    for i, curve in enumerate(curves.curves):
        (_level if curve.flat else _line)(axes, curve, place, i)
    for target in curves.targets:
        axes.axhline(target, color=FAINT, linewidth=0.7, linestyle=":", zorder=0)
    used = {p.n: p.whole for c in curves.curves if not c.flat for p in c.points}
    axes.set_xticks([place[n] for n in used], [_tick(n, whole) for n, whole in used.items()])
    axes.margins(x=0.04)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    percent_axis(axes.yaxis, *axes.get_ylim())
    axes.set_xlabel("labelled training texts, validation included", fontsize=8, color=INK)
    axes.set_ylabel("accuracy, %", fontsize=8, color=INK)
    note = f"{curves.n:,} texts of {curves.score_on}; mean over seeds, 95 % interval; small marks: each seed"
    title(axes, f"{curves.data}: accuracy against labels", note)
    # beside the curves, or below them where that would leave them no width
    where = {"loc": "outside lower left", "ncols": 2} if crowded else {"loc": "outside right upper"}
    figure.legend(*axes.get_legend_handles_labels(), **where, fontsize=8 - crowded, frameon=False, labelcolor=INK)
    return png(figure)


def _tick(n: int | None, whole: bool) -> str:
    if n is None:
        return "all"
    return f"all\n{quantity(n)}" if whole else f"{n:,}" if n < 10_000 else quantity(n)


def _line(axes: Axes, curve: Curve, place: dict[int | None, float], i: int) -> None:
    color, marker = COLORS[i % len(COLORS)], MARKERS[(i + i // len(COLORS)) % len(MARKERS)]
    x = np.array([place[p.n] for p in curve.points])
    axes.plot(x, [p.accuracy.value for p in curve.points], color=color, marker=marker, markersize=4.5, linewidth=1.6, label=curve.title)
    ends = [p.accuracy.low for p in curve.points], [p.accuracy.high for p in curve.points]
    if len(x) > 1:
        axes.fill_between(x, *ends, color=color, alpha=0.13, linewidth=0)
    else:
        axes.vlines(x, *ends, color=color, alpha=0.5)
    for at, point in zip(x, curve.points, strict=True):
        if len(point.seeds) > 1:
            axes.plot([at] * len(point.seeds), point.seed_accuracies, color=color, marker="_", markersize=4, linestyle="", alpha=0.55)


def _level(axes: Axes, curve: Curve, place: dict[int | None, float], i: int) -> None:
    color, found = COLORS[i % len(COLORS)], curve.points[0].accuracy
    axes.axhline(found.value, color=color, linewidth=1.4, linestyle="--", label=f"{curve.title} ({percent(found.value, 1)}, no labels)")
    axes.axhspan(found.low, found.high, color=color, alpha=0.07, linewidth=0)


__all__ = ["COLORS", "draw", "places"]

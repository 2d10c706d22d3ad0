"""Accuracy against what it costs: time to fit, and texts per second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from valence.evaluation.pareto import front_line
from valence.report.board import Board
from valence.report.drawing import ACCENT, FAINT, GRID, INK, blank, percent_axis, plain, png, short, title, window
from valence.report.rows import Row
from valence.report.table import duration, percent, quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

DEVICES = (ACCENT, "#b4540a", "#1a7f4b", "#8a3ffc", "#b3261e")
"""One colour per device, told apart by colour-blind readers too in this order."""
NAMED = 60
"""Points that may be named; there is no room for more."""
CLOCK = (1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 36_000, 360_000)
"""Ticks of the time axis, in seconds."""
CLOCK_FINE = (
    *(d * 10**e for e in (-3, -2, -1, 0) for d in (1, 2, 5)),
    10,
    20,
    30,
    *(60 * m for m in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)),
)
"""The same for an axis of less than a factor of 100."""


def cost(board: Board) -> bytes:
    """Draw accuracy against fit time and against throughput, with the front of each device."""
    figure = blank(10, 4.6)
    left, right = figure.subplots(1, 2, sharey=True)
    bottom, top = window(board.rows)
    left.set_ylim(bottom - 0.05 * (top - bottom), top + 0.05 * (top - bottom))
    percent_axis(left.yaxis, bottom, top)
    _cost_panel(left, board, lambda r: r.fit_seconds, "lower")
    _cost_panel(right, board, lambda r: r.texts_per_second, "higher")
    left.set_ylabel("accuracy, %", fontsize=8, color=INK)
    left.set_xlabel("time to fit (less is better)", fontsize=8, color=INK)
    right.set_xlabel("texts per second (more is better)", fontsize=8, color=INK)
    title(left, f"{board.name}: accuracy against cost", "line: no row on the same device is both cheaper and better")
    if len(_devices(board.rows)) > 1:
        figure.legend(*left.get_legend_handles_labels(), fontsize=7, frameon=False, loc="upper right", ncols=4, labelcolor=INK)
    figure.draw_without_rendering()  # positions are known only once the layout is done
    _name_points(left, [(r.fit_seconds, r) for r in board.rows if r.fit_seconds is not None], bottom)
    _name_points(right, [(r.texts_per_second, r) for r in board.rows if r.texts_per_second is not None], bottom)
    return png(figure)


def _devices(rows: Sequence[Row]) -> list[str]:
    return sorted({r.device for r in rows if r.fit_seconds is not None or r.texts_per_second is not None})


def _cost_panel(axes: Axes, board: Board, price: Callable[[Row], float | None], cheaper: str) -> None:
    plain(axes)
    rows = [r for r in board.rows if price(r) is not None]
    if not rows:
        axes.text(0.5, 0.5, "no row has a known cost", transform=axes.transAxes, ha="center", color=FAINT, fontsize=9)
        axes.set_xticks([])
        return
    bottom, _ = window(board.rows)
    for color, device in zip(DEVICES * len(rows), _devices(board.rows), strict=False):
        here = [r for r in rows if r.device == device and r.accuracy >= bottom]
        x, y = np.array([price(r) for r in here], dtype=float), np.array([r.accuracy for r in here])
        front = front_line(y, x, cheaper=cheaper)
        axes.plot(x[front], y[front], color=color, linewidth=1, alpha=0.5, zorder=1)
        axes.scatter(x, y, s=26, facecolor="white", edgecolor=color, linewidth=1.2, zorder=2)
        axes.scatter(x[front], y[front], s=30, color=color, zorder=3, label=device or "device unknown")
        below = np.array([price(r) for r in rows if r.device == device and r.accuracy < bottom], dtype=float)
        axes.scatter(below, [bottom] * len(below), s=26, marker="v", facecolor="white", edgecolor=color, zorder=2)
    axes.set_xscale("log")
    axes.margins(x=0.16)
    axes.grid(color=GRID, linewidth=0.8)
    _log_ticks(axes, clock=cheaper == "lower")


def _log_ticks(axes: Axes, *, clock: bool) -> None:
    """Put a few round numbers on a logarithmic axis: of a clock where it shows seconds, else powers of ten and their halves."""
    low, high = axes.get_xlim()
    if high / low < 4:
        low, high = low / 2, high * 2
    fine = high / low < 100
    decades = range(-3, 10)
    powers = [d * 10.0**e for e in decades for d in ((1, 2, 5) if fine else (1,))]
    ticks = [t for t in ((CLOCK_FINE if fine else CLOCK) if clock else powers) if low <= t <= high]
    axes.set_xticks(ticks, [duration(t) if clock else quantity(t) for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(low, high)


def _name_points(axes: Axes, points: list[tuple[float, Row]], bottom: float) -> None:
    """Write names beside points where they cover nothing; on the front first, and those that fit nowhere are left out."""
    spots = [axes.transData.transform((x, max(r.accuracy, bottom))) for x, r in points]
    order = sorted(range(len(points)), key=lambda i: (not points[i][1].pareto, -points[i][1].accuracy))[:NAMED]
    taken: list[Bbox] = []
    for i in order:
        x, row = points[i]
        text = short(row, 24) + (f" ({percent(row.accuracy, 1)})" if row.accuracy < bottom else "")
        for dx, dy, side in ((6, 3, "left"), (-6, 3, "right"), (6, -8, "left"), (-6, -8, "right"), (0, 8, "center"), (0, -13, "center")):
            spot = (x, max(row.accuracy, bottom))
            note = axes.annotate(
                text, spot, (dx, dy), textcoords="offset points", fontsize=7, color=INK, ha=side, zorder=4, parse_math=False
            )
            box = note.get_window_extent()
            inside = axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and axes.bbox.y0 <= box.y0 and box.y1 <= axes.bbox.y1
            covers = any(box.overlaps(other) for other in taken) or any(box.padded(3).contains(*spot) for spot in spots)
            if inside and not covers:
                taken.append(box)
                break
            note.remove()

"""The board as pictures: accuracy with intervals, accuracy against cost, reliability. PNG, drawn without a display."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from valence.report.board import Board
from valence.report.cost_figure import cost
from valence.report.drawing import ACCENT, FAINT, GRID, INK, ORIGINAL, blank, percent_axis, plain, png, short, title, window
from valence.report.rows import Row
from valence.report.table import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 40
"""Rows in the accuracy figure."""
PANELS = 12
"""Rows in the reliability figure."""


def draw_all(board: Board) -> dict[str, bytes]:
    """Return the PNGs of a board with at least one row: `accuracy`, `cost` and `reliability`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the bundled font lacks is drawn as boxes
        return {"accuracy": accuracy(board), "cost": cost(board), "reliability": reliability(board)}


# ---------------------------------------------------------------- accuracy


def accuracy(board: Board) -> bytes:
    """Draw a forest plot: mean accuracy of each row with its interval, every seed, and the original document's figure."""
    rows = board.rows[:MOST]
    figure = blank(7.5, 1.3 + 0.27 * len(rows))
    axes = figure.add_subplot()
    plain(axes)
    left, right = window(rows, originals=True)
    for y, row in enumerate(rows):
        _forest_line(axes, y, row, left)
    axes.set_yticks(range(len(rows)), [short(r) for r in rows], parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(left, right)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    percent_axis(axes.xaxis, left, right)
    axes.set_xlabel("accuracy, %", fontsize=8, color=INK)
    more = f", first {MOST} of {len(board.rows)} rows" if len(board.rows) > MOST else ""
    note = f"mean over seeds, 95 % interval; ticks: each seed; {board.n:,} texts{more}"
    if any(r.first.seed_accuracy is not None for r in rows):
        note += "; ×: the original document"
    title(axes, f"{board.name}: accuracy", note)
    return png(figure)


def _forest_line(axes: Axes, y: int, row: Row, left: float) -> None:
    found = row.figures["accuracy"]
    original = row.first.seed_accuracy
    if original is not None:
        axes.plot(
            [max(original, left)], [y], color=ORIGINAL, linestyle="", marker="x" if original > left else "<", markersize=4.5, clip_on=False
        )
    if found.value < left:
        axes.plot([left], [y], marker="<", color=ACCENT, markersize=6, linestyle="", clip_on=False)
        axes.annotate(percent(found.value, 1), (left, y), (8, 0), textcoords="offset points", fontsize=7.5, color=INK, va="center")
        return
    axes.plot([found.low, found.high], [y, y], color=ACCENT, linewidth=1.6, solid_capstyle="butt")
    if len(row.seed_accuracies) > 1:
        axes.plot(row.seed_accuracies, [y] * len(row.seed_accuracies), marker="|", color=INK, markersize=7, linestyle="", alpha=0.45)
    axes.plot([found.value], [y], marker="o", color=ACCENT, markersize=5, markerfacecolor=ACCENT, linestyle="")


# ---------------------------------------------------------------- reliability


def reliability(board: Board) -> bytes:
    """Draw accuracy within bins of confidence for the first rows, a panel each; a calibrated row lies on the diagonal."""
    rows = board.rows[:PANELS]
    columns = min(4, len(rows))
    lines = -(-len(rows) // columns)
    figure = blank(max(3.6, 2.5 * columns), 2.55 * lines + 0.5)
    lowest = 1 / max(len(board.labels), 2)
    for panel, row in enumerate(rows):
        axes = figure.add_subplot(lines, columns, panel + 1)
        plain(axes)
        axes.plot([lowest, 1], [lowest, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        held = row.curve.counts > 0
        share = row.curve.counts[held] / row.curve.counts.sum()
        axes.plot(row.curve.confidence[held], row.curve.accuracy[held], color=ACCENT, linewidth=1.2)
        axes.scatter(row.curve.confidence[held], row.curve.accuracy[held], s=6 + 90 * share, color=ACCENT, zorder=3, alpha=0.8)
        axes.set(xlim=(lowest - 0.02, 1.02), ylim=(min(lowest, row.curve.accuracy[held].min()) - 0.04, 1.03))
        axes.grid(color=GRID, linewidth=0.6)
        axes.set_title(short(row, 26), loc="left", fontsize=8, color=INK, parse_math=False)
        axes.text(0.97, 0.06, f"ECE {percent(row.figures['ece'].value)} %", transform=axes.transAxes, fontsize=7, color=INK, ha="right")
    more = f", first {PANELS} of {len(board.rows)} rows" if len(board.rows) > PANELS else ""
    figure.suptitle(f"{board.name}: reliability{more}", x=0.01, ha="left", fontsize=10, color=INK, fontweight="bold", parse_math=False)
    figure.supxlabel("confidence (dots: area by texts)", fontsize=8, color=INK)
    figure.supylabel("accuracy", fontsize=8, color=INK)
    return png(figure)

"""What every figure shares: paper, ink, titles, axes in percent."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from valence.report.rows import Row
from valence.report.table import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WINDOW = 0.15
"""Axes show the rows within this much of the best; one far below would squeeze the rest together and is marked at the edge."""
INK, FAINT, GRID, ACCENT, ORIGINAL = "#1f2430", "#7b8494", "#e3e6eb", "#1f6feb", "#b4540a"


def blank(width: float, height: float) -> Figure:
    """Return an empty figure of that many inches, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """Return a figure as a PNG."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=160, metadata={"Software": None})
    return out.getvalue()


def plain(axes: Axes) -> None:
    """Take off what carries no information."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=FAINT, labelcolor=INK, labelsize=8)
    axes.set_axisbelow(True)


def title(axes: Axes, text: str, note: str = "") -> None:
    """Write a title, and under it what the marks mean."""
    axes.set_title(text, loc="left", fontsize=10, color=INK, fontweight="bold", parse_math=False, pad=16 if note else 6)
    if note:
        axes.text(0, 1, note, transform=axes.transAxes, fontsize=7.5, color=FAINT, va="bottom", parse_math=False)


def short(row: Row, most: int = 34) -> str:
    """Return a row's name, cut where it is too long."""
    return row.title if len(row.title) <= most else row.title[: most - 1] + "…"


def window(rows: Sequence[Row], originals: bool = False) -> tuple[float, float]:
    """Return the lowest and the highest accuracy that the axis shows, at least a point apart."""
    best = max(r.accuracy for r in rows)
    low = min(r.figures["accuracy"].low for r in rows if r.accuracy >= best - WINDOW)
    high = max(max(r.figures["accuracy"].high, (r.first.seed_accuracy or 0.0) if originals else 0.0) for r in rows)
    margin = max(0.04 * (high - low), (0.01 - (high - low)) / 2)
    return low - margin, min(high + margin, 1.0 + margin / 4)


def percent_axis(axis: Axis, low: float, high: float) -> None:
    """Write accuracies as percentages, with as many decimals as the axis needs to tell its ticks apart."""
    digits = 0 if high - low > 0.08 else 1 if high - low > 0.008 else 2
    axis.set_major_formatter(lambda v, _: percent(v, digits))

"""Reliability before and after temperature scaling, and accuracy against the share of texts answered. PNG, without a display."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from valence.evaluation.calibration import reliability
from valence.evaluation.outcomes import Outcomes
from valence.evaluation.selective import risk_coverage
from valence.report.drawing import ACCENT, FAINT, GRID, INK, ORIGINAL, blank, percent_axis, plain, png, title
from valence.report.table import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from valence.combine import Calibration

POINTS = 400
"""Points of the risk-coverage curve that are drawn."""
FEWEST = 0.01
"""Below this share of the texts the curve is too ragged to be drawn."""


def draw(found: Calibration) -> bytes:
    """Return the PNG of a calibration."""
    figure = blank(9.6, 4.3)
    left, right = figure.subplots(1, 2)
    _reliability(left, found)
    _selective(right, found)
    note = f"fitted on {found.held_out:,} held-out texts, shown on {len(found.scored[0]):,} scored ones"
    figure.suptitle(f"{found.record.preset} on {found.record.data}: {note}", x=0.01, ha="left", fontsize=9, color=INK, parse_math=False)
    return png(figure)


def _reliability(axes: Axes, found: Calibration) -> None:
    plain(axes)
    lowest = 1 / max(len(found.record.labels), 2)
    axes.plot([lowest, 1], [lowest, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    for outcomes, colour, name, error in (
        (found.scored[0], ORIGINAL, "as it is", found.before.ece),
        (found.scored[1], ACCENT, f"temperature {found.temperature:.2f}", found.after.ece),
    ):
        _curve(axes, outcomes, colour, f"{name}: ECE {percent(error.value)} %")
    axes.set(xlim=(lowest - 0.02, 1.02), ylim=(min(lowest, axes.get_ylim()[0]) - 0.02, 1.03))
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_xlabel("confidence (dots: area by texts)", fontsize=8, color=INK)
    axes.set_ylabel("accuracy", fontsize=8, color=INK)
    axes.legend(fontsize=7.5, frameon=False, labelcolor=INK, loc="upper left")
    title(axes, "Reliability", "dashed: as often right as it says")


def _curve(axes: Axes, outcomes: Outcomes, colour: str, name: str) -> None:
    curve = reliability(outcomes)
    held = curve.counts > 0
    share = curve.counts[held] / curve.counts.sum()
    axes.plot(curve.confidence[held], curve.accuracy[held], color=colour, linewidth=1.2, label=name)
    axes.scatter(curve.confidence[held], curve.accuracy[held], s=6 + 90 * share, color=colour, zorder=3, alpha=0.8)


def _selective(axes: Axes, found: Calibration) -> None:
    plain(axes)
    curve = risk_coverage(found.scored[0])
    n = len(curve.risk)
    entries = np.unique(np.linspace(max(int(FEWEST * n), 1), n, POINTS).astype(int)) - 1
    accuracy = 1 - curve.risk[entries]
    axes.plot(curve.coverage[entries], accuracy, color=ACCENT, linewidth=1.4)
    axes.axhline(accuracy[-1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    margin = 0.05 * max(accuracy.max() - accuracy.min(), 0.01)
    axes.set(xlim=(0, 1.02), ylim=(accuracy.min() - margin, min(accuracy.max() + margin, 1 + margin / 4)))
    percent_axis(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_formatter(lambda v, _: percent(v, 0))
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_xlabel("texts answered, the surest first, %", fontsize=8, color=INK)
    axes.set_ylabel("accuracy among them, %", fontsize=8, color=INK)
    title(axes, "Answering only where sure", f"dashed: all answered; area under the risk {100 * found.area:.2f} %")

"""A cascade's accuracy against its cost, from the cheap member alone to the expensive one alone. PNG, without a display."""

from __future__ import annotations

from valence.combine.curve import CascadeCurve, Point
from valence.report.drawing import ACCENT, FAINT, GRID, INK, ORIGINAL, blank, percent_axis, plain, png, title
from valence.report.table import percent


def draw(curve: CascadeCurve, names: tuple[str, str], where: str) -> bytes:
    """Return the PNG of a cascade.

    Args:
        curve: on the scored texts.
        names: of the two members, for the marks.
        where: the data set and the number of texts, for the title.
    """
    figure = blank(7.2, 4.3)
    axes = figure.add_subplot()
    plain(axes)
    points, known = curve.points, curve.price is not None

    def at(point: Point) -> float:
        return point.share if point.cost is None else point.cost

    axes.plot([at(points[0]), at(points[-1])], [points[0].accuracy, points[-1].accuracy], color=FAINT, linestyle=(0, (4, 3)), linewidth=0.9)
    axes.plot([at(p) for p in points], [p.accuracy for p in points], color=ACCENT, linewidth=1.6)
    alone = ((points[0], names[0], at(points[0])), (points[-1], names[1], 1.0))
    for point, name, cost in alone:
        axes.scatter([cost], [point.accuracy], s=34, facecolor="white", edgecolor=INK, zorder=3)
        axes.annotate(f"{name} alone", (cost, point.accuracy), (0, -12), textcoords="offset points", fontsize=7.5, color=INK, ha="center")
    chosen = curve.chosen
    axes.scatter([at(chosen)], [chosen.accuracy], s=46, color=ORIGINAL, zorder=4)
    beyond = at(chosen) > (at(points[0]) + at(points[-1])) / 2
    axes.annotate(
        f"chosen: {percent(chosen.accuracy)} %, {percent(chosen.share, 0)} % passed on",
        (at(chosen), chosen.accuracy),
        (-9, 12) if beyond else (9, -12),
        textcoords="offset points",
        fontsize=7.5,
        color=ORIGINAL,
        ha="right" if beyond else "left",
    )
    axes.margins(x=0.14, y=0.18)
    percent_axis(axes.yaxis, *axes.get_ylim())
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_ylabel("accuracy, %", fontsize=8, color=INK)
    axes.set_xlabel(f"mean time per text, {names[1]} alone = 1" if known else "share of texts passed on", fontsize=8, color=INK)
    title(axes, f"Cascade on {where}", "dashed: texts passed on by chance; threshold chosen on held-out texts")
    return png(figure)

"""Learning curves as Markdown, CSV, JSON and a table for the terminal."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from valence.evaluation.learning_curve import Needed
from valence.report.curve import Curve, Curves, Point
from valence.report.markdown import escape, lines
from valence.report.table import percent

if TYPE_CHECKING:
    from rich.console import RenderableType

FLAT = "no labels"
"""What stands for the size of a method that uses none."""
CSV = ("curve", "method", "n_train", "n", "seeds", "missing", "accuracy", "ci_low", "ci_high", "seed_accuracies")


def size(curve: Curve, point: Point) -> str:
    """Write how many labels a point used: `1,024`, `63,968 (all)`, `no labels`."""
    if curve.flat:
        return FLAT
    if point.n is None:
        return "all"
    return f"{point.n:,} (all)" if point.whole else f"{point.n:,}"


def needed(found: Needed) -> str:
    """Write how many labels it takes: `1,230 (640 to 2,100)`, `16 or fewer`, `not reached`."""
    if found.value is None and found.low is None:
        return "not reached"
    ends = f"{_count(found.low, found)} to {_count(found.high, found)}"
    return f"not reached ({ends})" if found.value is None else f"{_count(found.value, found)} ({ends})"


def _count(value: float | None, found: Needed) -> str:
    if value is None:
        return f"> {found.largest:,.0f}"
    return f"≤ {value:,.0f}" if value == found.smallest else f"{value:,.0f}"


def interval(value: float, low: float, high: float) -> str:
    """Write an accuracy with its interval: `82.15 [80.31, 83.86]`."""
    return f"{percent(value)} [{percent(low)}, {percent(high)}]"


def columns(curves: Curves) -> list[tuple[int | None, str]]:
    """Return every size that occurs, ascending, with its heading; flat lines have none."""
    found = {(p.n, size(c, p)) for c in curves.curves if not c.flat for p in c.points}
    return sorted(found, key=lambda item: (item[0] is None, item[0] or 0))


def heading(curves: Curves) -> str:
    """Say what the figures are of."""
    return f"accuracy on the {curves.n:,} texts of {curves.data} {curves.score_on}, mean over seeds with its 95 % interval"


def area_heading(curves: Curves) -> str:
    """Name the column of the areas and the sizes between which they are taken."""
    return f"Area, N {curves.span[0]:,} to {curves.span[1]:,}" if curves.span else "Area"


def markdown(curves: Curves) -> str:
    """Return the curves as a Markdown page: a row per size, a column per curve, then areas and labels needed."""
    page = [f"# {escape(curves.data)}: accuracy against labelled training texts", "", f"{heading(curves).capitalize()}.", ""]
    titles = [escape(c.title) for c in curves.curves]
    page += lines(["N", *titles], [True] * (1 + len(titles)), [_row(curves, n, head) for n, head in columns(curves)])
    flat = [c for c in curves.curves if c.flat]
    if flat:
        page += ["", "Uses no labels, so that the figure holds for every N:", ""]
        page += [f"- {escape(c.title)}: {_mean(c.points[0])}" for c in flat]
    head, found = summary(curves)
    rows = [[escape(row[0]), *row[1:]] for row in found]
    page += ["", "## In one number", "", *lines([escape(h) for h in head], [i > 0 for i in range(len(head))], rows), "", *LEGEND]
    if curves.warnings:
        page += ["", "## Beware", "", *(f"- {escape(w)}" for w in curves.warnings)]
    return "\n".join(page) + "\n"


LEGEND = (
    "N counts the labelled texts a run may use, those it holds out for validation included. Area: mean accuracy per doubling of N.",
    "Labels needed: where the mean first reaches the accuracy, read straight between sizes over log2 N; in brackets where the ends of",
    "the interval do. With one seed an interval covers the texts alone.",
)


def _row(curves: Curves, n: int | None, head: str) -> list[str]:
    cells = [next((_mean(p) for p in c.points if p.n == n), "") if not c.flat else "" for c in curves.curves]
    return [head, *cells]


def _mean(point: Point) -> str:
    a = point.accuracy
    count = f", {len(point.seeds)} of {len(point.seeds) + point.missing} seeds" if point.missing else ""
    return interval(a.value, a.low, a.high) + count


def summary(curves: Curves) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of the second table: area, and the labels each target takes."""
    head = ["Curve", area_heading(curves), *(f"Labels for {percent(t, 1)} %" for t in curves.targets)]
    rows = []
    for c in curves.curves:
        figure = interval(c.area.value, c.area.low, c.area.high) if c.area else ""
        asked = [needed(f) for f in c.needed] if not c.flat else [_flat_needs(c, t) for t in curves.targets]
        rows.append([c.title, figure, *(asked or [""] * len(curves.targets))])
    return head, rows


def _flat_needs(curve: Curve, target: float) -> str:
    return "0" if curve.points[0].accuracy.value >= target else "not reached"


def csv_text(curves: Curves) -> str:
    """Return a row per point; `n_train` is the setting, `n` the number of texts it meant; seeds and their accuracies are spaced lists."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV)
    for c in curves.curves:
        for p in c.points:
            setting = "none" if c.flat else "all" if p.whole else p.n
            figures = [f"{v:.6g}" for v in (p.accuracy.value, p.accuracy.low, p.accuracy.high)]
            seeds, accuracies = " ".join(map(str, p.seeds)), " ".join(f"{a:.6g}" for a in p.seed_accuracies)
            writer.writerow([c.title, c.method, setting, "" if p.n is None or c.flat else p.n, seeds, p.missing, *figures, accuracies])
    return out.getvalue()


def to_json(curves: Curves) -> dict[str, Any]:
    """Return everything as plain values; shares, not percentages; None where a target is not reached."""
    return asdict(curves)


def table(curves: Curves) -> RenderableType:
    """Return two tables for a terminal, and the warnings."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    first = Table(title=heading(curves), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    first.add_column("N", justify="right")
    for c in curves.curves:
        first.add_column(Text(c.title), justify="right", overflow="fold")
    for n, head in columns(curves):
        first.add_row(head, *("" if c.flat else _short(c, n) for c in curves.curves))
    if any(c.flat for c in curves.curves):
        first.add_row(FLAT, *(_short(c, c.points[0].n) if c.flat else "" for c in curves.curves))
    second = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    head_row, rows = summary(curves)
    for i, name in enumerate(head_row):
        second.add_column(name, justify="right" if i else "left", overflow="fold")
    for row in rows:
        second.add_row(*(Text(cell) for cell in row))
    notes = [*(["* over the seeds that finished"] if any(p.missing for c in curves.curves for p in c.points) else [])]
    return Group(first, *(Text(n, style="dim") for n in notes), second, *(Text(f"beware: {w}", style="yellow") for w in curves.warnings))


def _short(curve: Curve, n: int | None) -> str:
    point = next((p for p in curve.points if p.n == n), None)
    if point is None:
        return ""
    mark = "*" if point.missing else ""
    return f"{percent(point.accuracy.value)} ±{percent((point.accuracy.high - point.accuracy.low) / 2)}{mark}"


__all__ = ["csv_text", "markdown", "needed", "summary", "table", "to_json"]

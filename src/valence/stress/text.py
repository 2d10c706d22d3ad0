"""A stress report as a table for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from valence.evaluation.uncertainty import Interval
from valence.stress import STRESSORS, Report
from valence.stress.figures import TOLERANCE, Finding
from valence.stress.stressor import Expectation

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("", "Texts", "Before %", "After %", "Change", "Flipped %", "Both right %", "Broken %")
MEANINGS = (
    ("Before, After", "accuracy on the texts as they were and as they are after the change, where their labels are known"),
    ("Change", "after less before in points, on the same texts (Bonett & Price, 2012); * where McNemar's test gives p < .05"),
    ("Flipped", "share of the pairs whose two answers differ"),
    ("Both right", "share of the pairs with both answers right"),
    (
        "Broken",
        "share of the pairs against what is certain: a flip where the label stays, no flip where it turns, a probability that "
        f"falls by more than {TOLERANCE} where it should not",
    ),
)


def sections(report: Report) -> Iterator[tuple[str, str, list[Finding]]]:
    """Yield each stressor's name, what it changes, and its findings."""
    for name, found in groupby(report.findings, key=lambda f: f.stressor):
        yield name, STRESSORS.find(name).about, list(found)


def heading(report: Report) -> str:
    """Say what was tried on what."""
    part = "all" if report.n == report.n_all else f"a sample of {report.n:,} of"
    return f"{part} {report.n_all:,} texts of {report.data} {report.score_on}, seed {report.seed}; 95 % intervals"


def share(found: Interval | None) -> str:
    """Write a share with its interval: `3.1 [2.2, 4.4]`."""
    return "" if found is None else f"{100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def change(found: Finding) -> str:
    """Write a difference in points: `-1.9 [-2.6, -1.2]*`."""
    if found.change is None:
        return ""
    c = found.change
    star = "*" if found.p is not None and found.p < 0.05 else ""
    return f"{100 * c.value:+.1f} [{100 * c.low:+.1f}, {100 * c.high:+.1f}]{star}"


def cells(found: Finding) -> list[str]:
    """Return a finding's cells under `HEADINGS`."""
    shares = [share(found.before), share(found.after), change(found), share(found.flipped), share(found.both), share(found.broken)]
    return [found.name, f"{found.n:,}", *shares]


def notes(findings: list[Finding]) -> list[str]:
    """Return what a reader must know of them, each once."""
    return list(dict.fromkeys(f"{f.note}" for f in findings if f.note))


def table(report: Report, width: int = 80) -> RenderableType:
    """Return the report for a terminal: a table per stressor with intervals as half widths, without columns that say nothing."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [Text(f"{report.run}: {heading(report)}", style="bold"), *map(Text, report.notes)]
    for name, about, findings in sections(report):
        rows = [[f.name, *_short(f)] for f in findings]
        shown = _fitting(rows, {f.expects for f in findings}, width)
        grid = Table(title=f"{name}: {about}", box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for i in shown:
            grid.add_column(SHORT[i], justify="right" if i else "left", no_wrap=i > 0, overflow="fold")
        for row in rows:
            grid.add_row(*(Text(row[i]) for i in shown))
        parts += [grid, *(Text(note, style="dim") for note in notes(findings))]
    if report.skipped:
        parts.append(Text("\n".join(f"not tried: {name}, {reason}" for name, reason in report.skipped), style="dim"))
    return Group(*parts)


SHORT = ("", "Texts", "Before", "After", "Change", "Flipped", "Both right", "Broken")
GAP = 3
"""Between two columns; the edges take one on either side."""


def _fitting(rows: list[list[str]], expects: set[Expectation], width: int) -> list[int]:
    """Return the columns worth showing; where they are too wide, those go first that follow from the others."""
    shown = [i for i in range(len(SHORT)) if i < 2 or any(row[i] for row in rows)]
    turned, toward = "turned" in expects, "toward" in expects
    least = [*([] if turned else [6]), *([] if toward else [7]), 5, 1, 7, 6]
    while least and sum(max(len(SHORT[i]), *(len(row[i]) for row in rows)) + GAP for i in shown) - 1 > width:
        gone = least.pop(0)
        shown = [i for i in shown if i != gone]
    return shown


def _short(found: Finding) -> list[str]:
    def half(value: Interval | None) -> str:
        return "" if value is None else f"{100 * value.value:.1f} ±{50 * (value.high - value.low):.1f}"

    moved = f"{100 * found.change.value:+.1f} ±{50 * (found.change.high - found.change.low):.1f}" if found.change else ""
    before = "" if found.before is None else f"{100 * found.before.value:.1f}"
    return [f"{found.n:,}", before, half(found.after), moved, half(found.flipped), half(found.both), half(found.broken)]


def markdown(report: Report) -> str:
    """Return the report as a Markdown page."""
    page = [f"# {_escape(report.run)} under stress", "", f"{heading(report)[0].upper()}{heading(report)[1:]}.", ""]
    page += [f"**{note}**\n" for note in report.notes]
    for name, about, findings in sections(report):
        page += [f"## {name}: {about}", "", "| " + " | ".join(HEADINGS) + " |", "| --- |" + " ---: |" * (len(HEADINGS) - 1)]
        page += ["| " + " | ".join(_escape(c) for c in cells(f)) + " |" for f in findings]
        page += ["", *(f"{note}\n" for note in notes(findings))]
        page += [f"- broken, {f.name}: {'; '.join(_escape(x) for x in f.failures)}" for f in findings if f.failures] + [""]
    if report.skipped:
        page += ["## Not tried", "", *(f"- {name}: {_escape(reason)}" for name, reason in report.skipped), ""]
    page += ["## What the columns mean", "", *(f"- **{name}**: {meaning}." for name, meaning in MEANINGS)]
    return "\n".join(page) + "\n"


def _escape(text: str) -> str:
    for mark in "\\|`<*_":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


__all__ = ["HEADINGS", "MEANINGS", "cells", "heading", "markdown", "notes", "sections", "table"]

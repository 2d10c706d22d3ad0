"""A stress report as one HTML file: no script, nothing fetched, light and dark, every name escaped."""

from __future__ import annotations

from dataclasses import dataclass

from valence.evaluation.uncertainty import Interval
from valence.stress import Report
from valence.stress.figures import Finding
from valence.stress.text import HEADINGS, MEANINGS, cells, heading, notes, sections


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a figure and its interval stand on a track from 0 to 100 %."""

    dot: str
    left: str
    width: str
    old: str = ""
    """Where the accuracy before the change stands."""


def render(report: Report) -> str:
    """Return the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("valence", "stress"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    parts = [
        {
            "name": name,
            "about": about,
            "rows": [{"cells": cells(f), "bar": _bar(f), "failures": f.failures, "name": f.name} for f in found],
            "notes": notes(found),
            "columns": [i for i in range(len(HEADINGS)) if i < 2 or any(cells(f)[i] for f in found)],
        }
        for name, about, found in sections(report)
    ]
    return environment.get_template("page.html.j2").render(
        report=report, heading=heading(report), headings=HEADINGS, parts=parts, meanings=MEANINGS
    )


def _bar(found: Finding) -> Bar | None:
    """Return the bar of the accuracy after the change, else of the share that breaks what is expected."""
    figure: Interval | None = found.after or found.broken or found.flipped
    if figure is None:
        return None
    dot, left, width = (f"{100 * v:.2f}" for v in (figure.value, figure.low, max(figure.high - figure.low, 0.006)))
    return Bar(dot, left, width, f"{100 * found.before.value:.2f}" if found.after and found.before else "")


__all__ = ["render"]

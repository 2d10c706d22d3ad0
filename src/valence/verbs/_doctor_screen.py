"""The doctor's report on a screen: findings first, then what was sound, then what could not be looked at and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from valence.doctor import Examined, Report

STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def show(report: Report, console: Console) -> None:
    """Print the report."""
    for subject in report.subjects:
        _subject(subject, console)
    if report.idle:
        _listed(console, f"Nothing was given for {len(report.idle)} checks", report.idle)
    counts = ", ".join(_count(report.count(severity), severity) for severity in ("error", "warning", "note"))
    console.print(Text(f"{len(report.subjects)} examined: {counts}.", style="bold"))


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _subject(subject: Examined, console: Console) -> None:
    console.print(Text(f"{subject.name}  ({subject.kind})", style="bold"))
    for check, finding in subject.findings:
        console.print(Padding(Text.assemble((finding.severity, STYLES[finding.severity]), f"  {check}: {finding.message}"), (0, 0, 0, 2)))
        named = finding.evidence.get("ids")
        if isinstance(named, list) and named:
            console.print(Padding(Text(f"for example {', '.join(named)}", style="dim"), (0, 0, 0, 6)))
        if finding.remedy:
            console.print(Padding(Text(f"-> {finding.remedy}"), (0, 0, 0, 6)))
    if subject.sound:
        _listed(console, f"sound: {len(subject.sound)} checks", subject.sound)
    reasons: dict[str, list[str]] = {}
    for check, reason in subject.not_examined:
        reasons.setdefault(reason, []).append(check)
    for reason, checks in reasons.items():
        _listed(console, f"not examined, {reason}", checks)
    console.print()


def _listed(console: Console, title: str, names: Iterable[str]) -> None:
    console.print(Padding(Text(f"{title}: {', '.join(names)}", style="dim"), (0, 0, 0, 2)))

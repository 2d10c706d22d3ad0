"""The doctor's report on a screen: findings first, then what was sound, then what could not be looked at and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from valence.doctor.check import SEVERITIES

if TYPE_CHECKING:
    from rich.console import Console

    from valence.doctor import Examined, Report

STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
FEW = 2
"""Subjects up to which each lists its checks; of more the lists are summed up below them."""


def show(report: Report, console: Console) -> None:
    """Print the report."""
    detailed = len(report.subjects) <= FEW
    for subject in report.subjects:
        _subject(subject, console, detailed)
    if not detailed:
        _summary(report.subjects, console)
    if report.idle:
        _listed(console, f"nothing was given for {_count(len(report.idle), 'check')}", report.idle)
    counts = ", ".join(_count(report.count(severity), severity) for severity in SEVERITIES)
    console.print(Text(f"{len(report.subjects)} examined: {counts}.", style="bold"))


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _subject(subject: Examined, console: Console, detailed: bool) -> None:
    told = f": {_count(len(subject.sound), 'check')} sound, {len(subject.not_examined)} not examined"
    console.print(Text.assemble((subject.name, "bold"), f"  ({subject.kind}){told}"))
    for check, finding in subject.findings:
        console.print(Padding(Text.assemble((finding.severity, STYLES[finding.severity]), f"  {check}: {finding.message}"), (0, 0, 0, 2)))
        named = finding.evidence.get("ids")
        if isinstance(named, list) and named:
            console.print(Padding(Text(f"for example {', '.join(named)}", style="dim"), (0, 0, 0, 6)))
        if finding.remedy:
            console.print(Padding(Text(f"-> {finding.remedy}"), (0, 0, 0, 6)))
    if detailed:
        if subject.sound:
            _listed(console, "sound", subject.sound)
        reasons: dict[str, list[str]] = {}
        for check, reason in subject.not_examined:
            reasons.setdefault(reason, []).append(check)
        for reason, checks in reasons.items():
            _listed(console, f"not examined, {reason}", checks)
        console.print()


def _summary(subjects: Sequence[Examined], console: Console) -> None:
    """Say for each reason which checks were left out for it, and how often."""
    console.print()
    reasons: dict[str, dict[str, set[str]]] = {}
    for subject in subjects:
        for check, reason in subject.not_examined:
            reasons.setdefault(reason, {}).setdefault(check, set()).add(subject.name)
    for reason, checks in reasons.items():
        names = set().union(*checks.values())
        where = next(iter(names)) if len(names) == 1 else f"{len(names)} subjects"
        _listed(console, f"not examined in {where}, {reason}", checks)


def _listed(console: Console, title: str, names: Iterable[str]) -> None:
    console.print(Padding(Text(f"{title}: {', '.join(names)}", style="dim"), (0, 0, 0, 2)))

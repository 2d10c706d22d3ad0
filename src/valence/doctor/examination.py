"""Carry out the checks on the subjects, and the report: what was found, what was sound, what could not be looked at and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from valence.catalog import Catalog
from valence.doctor.check import SEVERITIES, Check, Finding, Severity
from valence.doctor.subject import Absent, Kind, Subject

CHECKS: Catalog[Check] = Catalog("valence.doctor.checks", Check, "check")  # type: ignore[type-abstract]

Progress = Callable[[float, float, str], None]
"""Called as progress(done, total, note)."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One subject after its examination."""

    name: str
    kind: Kind
    findings: tuple[tuple[str, Finding], ...]
    """(check, finding), worst first."""
    carried_out: tuple[str, ...]
    """Checks that were carried out."""
    not_examined: tuple[tuple[str, str], ...]
    """(check, reason) of those that concern it and could not be carried out."""

    @property
    def sound(self) -> tuple[str, ...]:
        """The checks that found nothing."""
        return tuple(name for name in self.carried_out if name not in {check for check, _ in self.findings})

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(finding.severity == severity for _, finding in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor says."""

    subjects: tuple[Examined, ...]
    idle: tuple[str, ...]
    """Checks that nothing was given for."""

    @property
    def sound(self) -> bool:
        """Whether no error was found."""
        return not any(subject.count("error") for subject in self.subjects)

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(subject.count(severity) for subject in self.subjects)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values for `json.dumps`."""
        return {
            "sound": self.sound,
            "counts": {severity: self.count(severity) for severity in SEVERITIES},
            "subjects": [_plain(subject) for subject in self.subjects],
            "idle": list(self.idle),
        }


def _plain(subject: Examined) -> dict[str, Any]:
    return {
        "name": subject.name,
        "kind": subject.kind,
        "findings": [{"check": check, **asdict(finding)} for check, finding in subject.findings],
        "sound": list(subject.sound),
        "not_examined": dict(subject.not_examined),
    }


def examine(subjects: Sequence[Subject], checks: Sequence[str] | None = None, progress: Progress | None = None) -> Report:
    """Carry out checks on subjects.

    Args:
        subjects: what is to be examined.
        checks: names of the checks, all of them when not given.
        progress: called as progress(done, total, note).

    Raises:
        UnknownName: there is no such check.
    """
    chosen = {name: CHECKS.find(name)() for name in (CHECKS.names if checks is None else checks)}
    done: list[Examined] = []
    for position, subject in enumerate(subjects):

        def tell(place: float, check: str, position: int = position, name: str = subject.name) -> None:
            if progress is not None:
                progress(position + place, len(subjects), f"{name}: {check}")

        done.append(_examine(subject, chosen, tell))
    seen = {name for subject in done for name in subject.carried_out} | {name for subject in done for name, _ in subject.not_examined}
    return Report(tuple(done), tuple(name for name in chosen if name not in seen))


def _examine(subject: Subject, checks: dict[str, Check], tell: Callable[[float, str], None]) -> Examined:
    findings: list[tuple[str, Finding]] = []
    carried, passed = [], []
    for place, (name, check) in enumerate(checks.items()):
        if not subject.knows(check.needs):
            continue
        tell(place / len(checks), name)
        reason = subject.lacks(check.needs) or check.applies(subject)
        if not reason:
            try:
                findings += [(name, finding) for finding in check.examine(subject)]
                carried.append(name)
            except Absent as absent:
                reason = str(absent)
            except Exception as broken:  # a model that cannot be asked must not end the examination of the rest
                reason = f"the check broke off with {type(broken).__name__}: {broken}".splitlines()[0]
        if reason:
            passed.append((name, reason))
    findings.sort(key=lambda item: SEVERITIES.index(item[1].severity))
    return Examined(subject.name, subject.kind, tuple(findings), tuple(carried), tuple(passed))


__all__ = ["CHECKS", "Examined", "Progress", "Report", "examine"]

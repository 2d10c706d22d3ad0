"""The contract of a check: what it looks for, what it needs to look, and what it finds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from valence.doctor.subject import Subject

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Worst first. An error makes the figure wrong, a warning may, a note is what a reader of the figure should know."""
Evidence = Mapping[str, "float | int | str | list[str]"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or that a reader should know."""

    severity: Severity
    message: str
    """What was found, one sentence with its numbers."""
    remedy: str = ""
    """What to do about it, one sentence; a note may have none."""
    evidence: Evidence = field(default_factory=dict)
    """The numbers and ids behind the message, by name; never a review's text."""


def error(message: str, remedy: str, **evidence: float | int | str | list[str]) -> Finding:
    """Return a finding that makes the figure wrong."""
    return Finding("error", message, remedy, evidence)


def warning(message: str, remedy: str, **evidence: float | int | str | list[str]) -> Finding:
    """Return a finding that may make the figure wrong."""
    return Finding("warning", message, remedy, evidence)


def note(message: str, remedy: str = "", **evidence: float | int | str | list[str]) -> Finding:
    """Return what a reader of the figure should know."""
    return Finding("note", message, remedy, evidence)


def percent(share: float) -> str:
    """Write a share as a percentage: .8934 as `89.34 %`."""
    return f"{100 * share:.2f} %"


class Check(ABC):
    """One known way to a wrong number; its name is its file's name."""

    sentence: ClassVar[str]
    """What it looks for, one sentence."""
    seed: ClassVar[str]
    """The row of the original document where it happened, or why it is looked for all the same."""
    needs: ClassVar[tuple[type, ...]]
    """The parts of a subject it reads; where one is missing the check is not carried out, and the report says why."""

    def applies(self, subject: Subject) -> str:
        """Say why the check cannot be carried out on `subject`; empty when it can. Called only where no needed part is missing."""
        return ""

    @abstractmethod
    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Yield what is found, nothing when it is sound."""


__all__ = ["SEVERITIES", "Check", "Evidence", "Finding", "Severity", "error", "note", "percent", "warning"]

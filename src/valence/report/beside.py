"""What `valence calibrate` and `valence stress` found about a run, where their reports lie in the run's folder.

    valence calibrate RUN --out runs/RUN       # runs/RUN/RUN.json
    valence stress RUN --out runs/RUN          # runs/RUN/RUN.stress.json

A run that is made again loses them, as it should: they speak of the classifier that is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from valence.errors import BadData
from valence.evaluation.uncertainty import Interval
from valence.store import RunStore


class Tempered(BaseModel):
    """The part of a calibration report that pages show."""

    model_config = ConfigDict(extra="ignore")
    run: str
    held_out: int
    temperature: float
    before: dict[str, Any]
    after: dict[str, Any]

    def ece(self, which: str) -> Interval:
        """Return the calibration error `before` or `after`, with its interval."""
        return Interval(**getattr(self, which)["ece"])


class Trial(BaseModel):
    """One trial of a stress report; shares with 95 % intervals, None where they do not apply."""

    model_config = ConfigDict(extra="ignore")
    stressor: str
    name: str
    n: int
    before: Interval | None = None
    after: Interval | None = None
    change: Interval | None = None
    p: float | None = None
    flipped: Interval | None = None
    both: Interval | None = None
    broken: Interval | None = None
    note: str = ""


class Stressed(BaseModel):
    """The part of a stress report that pages show; no text and no id is among it."""

    model_config = ConfigDict(extra="ignore")
    run: str
    n: int
    n_all: int
    seed: int
    findings: tuple[Trial, ...]
    notes: tuple[str, ...] = ()


T = TypeVar("T", Tempered, Stressed)


@dataclass(frozen=True, slots=True)
class Beside:
    """The reports in a run's folder."""

    calibration: Tempered | None = None
    stress: Stressed | None = None


def beside(store: RunStore, run_id: str) -> Beside:
    """Read the reports in a run's folder, where there are any.

    Raises:
        BadData: one cannot be read, or is about another run.
    """
    return Beside(
        _read(store.path(run_id) / f"{run_id}.json", run_id, Tempered),
        _read(store.path(run_id) / f"{run_id}.stress.json", run_id, Stressed),
    )


def _read(path: Path, run_id: str, kind: type[T]) -> T | None:
    if not path.exists():
        return None
    try:
        found = kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise BadData(f"{path} is no report of this version: {str(error).splitlines()[0]}. Make it again, or delete it.") from None
    if found.run != run_id:
        raise BadData(f"{path} is about {found.run!r}, not about the run whose folder it lies in. Delete it.")
    return found


def shareable(store: RunStore, run_id: str) -> dict[str, dict[str, Any]]:
    """Return the reports of a run by file name as others may see them: figures alone, without the texts and ids of what failed."""
    found = beside(store, run_id)
    reports = {f"{run_id}.json": found.calibration, f"{run_id}.stress.json": found.stress}
    return {name: report.model_dump(mode="json") for name, report in reports.items() if report is not None}


__all__ = ["Beside", "Stressed", "Tempered", "Trial", "beside", "shareable"]

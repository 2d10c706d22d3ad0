"""Who started which run where, and how far it is: an actor on the driver's machine, told by the workers, read by the driver."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

TELL_SECONDS = 1.0
"""A worker reports at most once in this time."""


@dataclass(slots=True)
class Standing:
    """One run."""

    starts: list[str] = field(default_factory=list)
    """The nodes it was started on, in order; more than one when a node was lost."""
    share: float = 0.0
    """Of the present step that is done, 0 to 1."""
    note: str = ""
    """What it is doing."""


class Ledger:
    """The runs that were started."""

    def __init__(self) -> None:
        self._runs: dict[str, Standing] = {}

    def begin(self, run_id: str, node: str) -> None:
        """Note a start."""
        standing = self._runs.setdefault(run_id, Standing())
        standing.starts.append(node)
        standing.share, standing.note = 0.0, "starting"

    def progress(self, run_id: str, share: float, note: str) -> None:
        """Note how far a run is."""
        standing = self._runs.setdefault(run_id, Standing())
        standing.share, standing.note = share, note

    def read(self) -> dict[str, Standing]:
        """Return every run that was started."""
        return self._runs


class Reporter:
    """The screen of a run on a worker: passes progress on to the ledger, now and then."""

    def __init__(self, tell: Callable[[float, str], object]) -> None:
        self._tell = tell
        self._spoken = 0.0

    def say(self, text: str) -> None:
        """Say nothing: what a run has to say is in its record."""

    def progress(self, done: float, total: float, note: str) -> None:
        """Pass on."""
        if time.monotonic() - self._spoken > TELL_SECONDS:
            self._spoken = time.monotonic()
            self._tell(done / max(total, 1e-9), note)


__all__ = ["TELL_SECONDS", "Ledger", "Reporter", "Standing"]

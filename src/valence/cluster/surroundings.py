"""What a worker takes over from the driver, so that a path means the same there."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


def _variables() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k.startswith("VALENCE_")}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The driver's folder and variables; made on the driver, settled on a worker."""

    here: Path = field(default_factory=Path.cwd)
    """Paths of data and weights may be relative to it."""
    environment: dict[str, str] = field(default_factory=_variables)
    """Where data and weights are; a machine's own variables win."""

    def settle(self) -> None:
        """Take them over in this process."""
        if threading.current_thread() is threading.main_thread():
            # Ray stops a task by this signal, which a cluster started in the background of a script ignores
            signal.signal(signal.SIGINT, signal.default_int_handler)
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)
        with suppress(OSError):  # the folder is the driver's own when no path is relative
            os.chdir(self.here)


__all__ = ["Surroundings"]

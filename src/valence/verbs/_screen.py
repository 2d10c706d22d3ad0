"""What a long command shows: a bar with time left on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

QUIET_SECONDS = 10.0
"""Where there is no terminal, at most one progress line in this time."""


class Terminal:
    """Shows progress on stderr, so that stdout holds results only."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self.title = title
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        columns = (TextColumn("{task.fields[title]}"), BarColumn(20), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("left"))
        self._bar = Progress(*columns, TimeRemainingColumn(), TextColumn("{task.description}"), console=self.console, transient=True)
        self._task = self._bar.add_task("starting", total=None, title=title)
        self._spoken = time.monotonic()

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.console.is_terminal:
            self._bar.stop()

    def begin(self, title: str) -> None:
        """Start again at zero for the next run."""
        self.title = title
        self._bar.reset(self._task, description="starting", total=None, title=title)

    def say(self, text: str) -> None:
        """Show one line that stays."""
        self.console.print(text, markup=False)

    def progress(self, done: float, total: float, note: str) -> None:
        """Show how far the present step is."""
        self._bar.update(self._task, completed=done, total=total, description=note, title=self.title)
        if not self.console.is_terminal and time.monotonic() - self._spoken > QUIET_SECONDS:
            self._spoken = time.monotonic()
            print(f"{self.title}: {100 * done / max(total, 1e-9):3.0f} %  {note}", file=sys.stderr, flush=True)

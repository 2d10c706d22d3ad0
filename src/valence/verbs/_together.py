"""`torchrun ... -m valence run ...`: the first of several processes runs and speaks, the others compute for it."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from valence.errors import BadSetting, ValenceError
from valence.experiment import Experiment
from valence.machine import processes
from valence.store import RunRecord, RunStore

STOPS = (signal.SIGINT, signal.SIGTERM)


def speaks() -> bool:
    """Return whether this process is the one of them that prints."""
    return processes() == 1 or os.environ.get("RANK", "0") == "0"


def run_together(chosen: Experiment, options: dict[str, Any]) -> RunRecord | int:
    """Return the record where this process leads, else its exit code.

    Raises:
        BadSetting: the method's training cannot be shared.
        ValenceError: as `runner.run`.
    """
    if not hasattr(chosen.method, "engine"):
        name = chosen.method.name()
        raise BadSetting(f"{name} works in one process, and {processes()} were started together. Start valence by itself.")
    from valence.runner import follow, run
    from valence.training.parallel import Dismissed, join
    from valence.verbs._screen import Terminal

    crew = join()
    try:
        device = crew.device(options["device"])
        if crew.leads:
            # a launcher ends its processes by SIGTERM when one of them fails: the record is to say that it was interrupted
            for number in STOPS:
                signal.signal(number, _stop_once)
            with Terminal(chosen.title) as screen:
                screen.say(f"{crew.size} processes train together; this one, on {device}, leads")
                return run(chosen, RunStore(options["store"]), again=options["again"], device=device, screen=screen)
        follow(chosen, device)
    except Dismissed:
        return 0
    except ValenceError as error:
        if not crew.leads and crew.is_led():  # else the leader says the same
            print(f"valence: process {crew.rank} of {crew.size}: {error}", file=sys.stderr)
        raise
    finally:
        crew.close()
    return 0


def _stop_once(number: int, frame: object) -> None:
    """Interrupt, and hear no more of it: a launcher passes Ctrl-C on a second time, into the writing of the record."""
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt

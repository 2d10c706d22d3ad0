"""`valence sweep FILE.toml|NAME`: run many experiments; finished ones are skipped, a failure stops none of the others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from valence.errors import ValenceError
from valence.store import RunStore
from valence.verbs._flags import parse


@dataclass
class Options:
    """Run every experiment of a sweep that is not finished yet."""

    name: Annotated[str, tyro.conf.Positional]
    """A sweep's name (valence list sweeps) or a TOML file with tables [[runs]]."""
    store: str = "runs"
    """Folder of the runs."""
    workers: int = 1
    """Processes on this machine."""
    ray: str | None = None
    """Address of a Ray cluster, 'auto' for a local one; it takes the place of the processes."""
    data: str | None = None
    """Run it on this data set or file instead of the sweep's."""
    n_train: int | None = None
    """Use this many labelled training texts in every run."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""
    again: bool = False
    """Run finished ones too."""
    json: bool = False
    """Print the records as JSON lines."""


def main(words: Sequence[str]) -> int:
    """Run a sweep and print a line for each run."""
    options = parse(Options, words, "sweep")
    from valence import sweep as sweeps
    from valence.verbs._screen import Terminal
    from valence.verbs.run import sentence

    overrides = {k: v for k, v in {"data": options.data, "n_train": options.n_train}.items() if v is not None}
    experiments = sweeps.read(options.name, **overrides)
    titles = [f"[{i}/{len(experiments)}] {e.title}" for i, e in enumerate(experiments, 1)] + ["done"]
    bad = 0
    with Terminal(titles[0]) as screen:
        outcomes = sweeps.sweep(
            experiments,
            RunStore(options.store),
            workers=options.workers,
            ray=options.ray,
            again=options.again,
            device=options.device,
            screen=screen,
        )
        for done, (e, outcome) in enumerate(outcomes, 1):
            if isinstance(outcome, ValenceError):
                said, finished = f"{e.id}: refused. {outcome}", False
            else:
                said, finished = sentence(outcome), outcome.status == "ok"
                if options.json:
                    print(outcome.model_dump_json())
            screen.say(f"[{done}/{len(experiments)}] {said}")
            bad += not finished
            screen.begin(titles[done])
    failed = f", {bad} failed" if bad else ""
    print(f"{len(experiments) - bad} of {len(experiments)} runs are finished in {options.store}/{failed}", file=sys.stderr)
    return 1 if bad else 0

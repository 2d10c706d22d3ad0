"""`valence sweep FILE.toml|NAME`: run many experiments; finished ones are skipped, a failure stops none of the others."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from valence.errors import BadSetting, ValenceError
from valence.store import RunStore
from valence.verbs._flags import parse

if TYPE_CHECKING:
    from valence.experiment import Experiment
    from valence.runner import Screen
    from valence.sweep import Outcome


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
    """Run on a Ray cluster instead: HOST:PORT, or auto for the one of this machine; all its machines must see the store."""
    cpus_per_run: float = 1.0
    """Cores of each run on the cluster."""
    gpus_per_run: float | None = None
    """Accelerators of each run on the cluster that can use one; 0.5 lets two share one; 1 when not given and it has any."""
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
    if options.ray is not None:
        titles = [f"{len(experiments)} runs"] * len(titles)
    bad = 0
    with Terminal(titles[0]) as screen, closing(_outcomes(options, experiments, screen)) as outcomes:
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


def _outcomes(options: Options, experiments: list[Experiment], screen: Screen) -> Generator[Outcome]:
    """Start the sweep here or on a cluster."""
    from valence.sweep import sweep

    store = RunStore(options.store)
    if options.ray is None:
        yield from sweep(experiments, store, workers=options.workers, again=options.again, device=options.device, screen=screen)
        return
    if options.workers != 1:
        raise BadSetting("Both --workers and --ray were given. Ray decides how many run at a time; leave --workers out.")
    from valence.cluster.ray_sweep import sweep_on_ray

    yield from sweep_on_ray(
        experiments,
        store,
        options.ray,
        cpus=options.cpus_per_run,
        gpus=options.gpus_per_run,
        again=options.again,
        device=options.device,
        screen=screen,
    )

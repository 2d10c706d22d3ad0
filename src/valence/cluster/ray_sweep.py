"""A sweep on a Ray cluster: each run a task, the store one shared folder.

Nothing is run twice, for three reasons, each enough by itself for its own case:
- Ray gives a run to one worker, and to another only when that one's process or machine is lost;
- `runner.run` holds the run's lock in the store while it works, which the system frees when its holder dies, and looks
  under the lock whether the run is finished: a worker that was only thought lost, or another sweep, is waited for;
- a run is renamed into place whole, so a machine that dies while writing leaves what was there before.
Nothing is lost: a retried run goes on from its last checkpoint, which lies in the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valence.cluster.connection import connect, node_name
from valence.cluster.ledger import Ledger, Reporter, Standing
from valence.cluster.needs import Needs, needs
from valence.cluster.shared_folder import fault, held, roll_call
from valence.cluster.surroundings import Surroundings
from valence.errors import BadSetting, FailedRun, ValenceError
from valence.experiment import Experiment
from valence.runner import Screen, run
from valence.store import RunRecord, RunStore
from valence.sweep import Outcome

RETRIES = 5
"""How often a run is started again after its worker was lost; a run that kills its workers (memory) must end some time."""
POLL_SECONDS = 1.0
SHOWN = 4
"""So many runs are named while they go on."""
STOP_SECONDS = 20.0
"""How long runs have to note that they were stopped before their processes are ended."""


@dataclass(frozen=True, slots=True)
class Job:
    """What all runs of a sweep share, sent to every worker."""

    folder: Path
    token: Path
    """A lock that the driver holds while the sweep goes on."""
    again: bool = False
    surroundings: Surroundings = field(default_factory=Surroundings)

    def settle(self) -> None:
        """Make this worker work as the driver would.

        Raises:
            BadSetting: the machine joined late and does not see the store, or the driver is gone.
        """
        found = fault(self.token)
        if found:
            raise BadSetting(f"A machine that joined the cluster {found}.")
        self.surroundings.settle()


def sweep_on_ray(
    experiments: Sequence[Experiment],
    store: RunStore,
    address: str,
    *,
    cpus: float = 1.0,
    gpus: float | None = None,
    again: bool = False,
    device: str = "auto",
    screen: Screen | None = None,
) -> Iterator[Outcome]:
    """Run the experiments on a cluster and yield each with its record as it ends, or with the error that refused it.

    A closed generator, as after Ctrl-C, stops the runs that go on; they are marked `interrupted` and their locks are free.

    Args:
        experiments: what to run; those that are finished are returned at once.
        store: a folder that every machine sees at the same path, on a file system whose locks hold between machines.
        address: as in `connection.connect`.
        cpus: cores of each run.
        gpus: accelerators of each run that can use one; one where the cluster has any when not given.
        again: run finished ones too.
        device: `auto`, `cpu`, `cuda` or `mps`.
        screen: shows lost machines and progress.

    Raises:
        MissingPackage: Ray is not installed.
        BadSetting: no cluster answers, one of its machines cannot use the store, or the needs cannot be.
    """
    with connect(address) as ray, held(store) as token:
        roll_call(ray, token)
        total = float(ray.cluster_resources().get("GPU", 0))
        wanted = {e.id: needs(e, cpus=cpus, gpus=gpus, device=device, cluster_gpus=total) for e in experiments}
        _warn(ray, set(wanted.values()), screen)
        job = Job(store.folder.resolve(), token, again=again)
        ledger = _ledger(ray)
        with _submitted(ray, job, experiments, wanted, ledger) as waiting:
            watch = _Watch(ray, ledger, len(experiments), screen)
            while waiting:
                ended, _ = ray.wait(list(waiting), num_returns=1, timeout=POLL_SECONDS)
                hopeless = watch.look([e for ref, e in waiting.items() if ref not in ended])
                for ref in [ref for ref, e in waiting.items() if e.id in hopeless]:
                    ray.cancel(ref, force=True)  # Ray itself retries for want of memory without end
                for ref in ended:
                    yield waiting.pop(ref), _result(ray, ref)


@contextmanager
def _submitted(
    ray: Any,  # noqa: ANN401 - a module that is there only when it was asked for
    job: Job,
    experiments: Sequence[Experiment],
    wanted: dict[str, Needs],
    ledger: Any,  # noqa: ANN401
) -> Iterator[dict[Any, Experiment]]:
    """Submit every run; whatever still goes on at the end is stopped, gently at first."""
    store, waiting = RunStore(job.folder), {}
    tasks = {need: ray.remote(num_cpus=need.cpus, num_gpus=need.gpus, max_retries=RETRIES)(_work) for need in set(wanted.values())}
    try:
        for e in experiments:
            before = store.find(e.id) if job.again else None
            waiting[tasks[wanted[e.id]].options(name=e.id).remote(job, e, before, wanted[e.id].device, ledger)] = e
        yield waiting
    finally:
        left = list(waiting)
        try:
            for ref in left:
                ray.cancel(ref, force=False)
            left = ray.wait(left, num_returns=len(left), timeout=STOP_SECONDS)[1] if left else []
        finally:
            for ref in left:
                ray.cancel(ref, force=True)


def _work(job: Job, e: Experiment, before: RunRecord | None, device: str, ledger: Any) -> RunRecord | ValenceError:  # noqa: ANN401
    """Do one run on a worker."""
    import ray

    # not waited for: Ray lends out the cores of a task that waits, and this machine would do two runs at a time
    ledger.begin.remote(e.id, node_name(ray))
    store = RunStore(job.folder)
    try:
        job.settle()
        again = job.again and untouched(store, e.id, before)
        return run(e, store, again=again, device=device, screen=Reporter(lambda share, note: ledger.progress.remote(e.id, share, note)))
    except ValenceError as error:
        return ValenceError(str(error))  # errors with arguments of their own do not survive the journey


def untouched(store: RunStore, run_id: str, before: RunRecord | None) -> bool:
    """Tell whether a run is still as it was when the sweep began: one that a lost worker did before it could answer is not done once more.

    A worker that was only thought lost still holds the run's lock: its end is waited for.
    """
    with store.lock(run_id):
        return store.find(run_id) == before


def _result(ray: Any, ref: Any) -> RunRecord | ValenceError:  # noqa: ANN401
    try:
        found: RunRecord | ValenceError = ray.get(ref)
    except Exception as error:  # the others go on
        return FailedRun(f"The worker was lost: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
    return found


def _ledger(ray: Any) -> Any:  # noqa: ANN401
    """Start the ledger on the driver's machine, so that it is lost only when the sweep itself is."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0)(Ledger).options(scheduling_strategy=here).remote()


def _warn(ray: Any, wanted: set[Needs], screen: Screen | None) -> None:  # noqa: ANN401
    """Say when no machine is large enough: one may still join, so this is no error."""
    machines = [n["Resources"] for n in ray.nodes() if n["Alive"]]
    for need in wanted:
        fits = any(m.get("CPU", 0) >= need.cpus and m.get("GPU", 0) >= need.gpus for m in machines)
        if not fits and screen is not None:
            screen.say(f"No machine of the cluster has {need.cpus:g} cores and {need.gpus:g} accelerators; waiting for one. Ctrl-C stops.")


class _Watch:
    """What the driver shows: how many runs are done, which go on and how far, and which were started again."""

    def __init__(self, ray: Any, ledger: Any, total: int, screen: Screen | None) -> None:  # noqa: ANN401
        self._ray, self._ledger, self._total, self._screen = ray, ledger, total, screen
        self._starts: dict[str, int] = {}

    def look(self, left: Sequence[Experiment]) -> set[str]:
        """Read the ledger and show it; `left` are the runs that have not ended. Return those that were started too often."""
        standings: dict[str, Standing] = self._ray.get(self._ledger.read.remote())
        if self._screen is not None:
            self._show(left, standings, self._screen)
        return {run_id for run_id, standing in standings.items() if len(standing.starts) > RETRIES + 1}

    def _show(self, left: Sequence[Experiment], standings: dict[str, Standing], screen: Screen) -> None:
        for run_id, standing in standings.items():
            if len(standing.starts) > max(1, self._starts.get(run_id, 1)):
                screen.say(f"{run_id}: {standing.starts[-2]} was lost; goes on at {standing.starts[-1]}")
            self._starts[run_id] = len(standing.starts)
        going = [(e, standings[e.id]) for e in left if e.id in standings]
        shown = [f"{e.title} s{e.seed} {100 * s.share:.0f} %" for e, s in going[:SHOWN]] + ["…"] * (len(going) > SHOWN)
        waiting = len(left) - len(going)
        note = ", ".join([f"{len(going)} running", *([f"{waiting} waiting"] if waiting else [])])
        screen.progress(self._total - len(left), self._total, f"{note}: {', '.join(shown)}" if shown else note)


__all__ = ["RETRIES", "Job", "sweep_on_ray"]

"""Whether every machine of a cluster sees the store, and its locks: asked before a run starts, not found out after."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from valence.errors import BadSetting
from valence.store import RunStore

ANSWER_SECONDS = 120.0
"""How long a machine has to start a worker and look."""


@contextmanager
def held(store: RunStore) -> Iterator[Path]:
    """Yield the path of a lock that this process holds until the end; whoever sees the store can see that it is taken."""
    lock = store.lock(f"sweep-{uuid.uuid4().hex[:12]}")
    try:
        with lock:
            yield Path(lock.lock_file).resolve()
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)


def fault(token: Path) -> str:
    """Return what is wrong with the folder as this process sees it, the empty text when nothing is.

    Args:
        token: the path that the driver's `held` gave.
    """
    if not token.exists():
        return f"sees no {token.parents[1]}, or another folder of that name; the store must be one folder, at one path"
    try:
        with FileLock(token, timeout=0):
            return f"got a lock in {token.parents[1]} that the sweep holds: that file system keeps no locks between machines"
    except Timeout:
        return ""


def roll_call(ray: Any, token: Path) -> None:  # noqa: ANN401 - a module that is there only when it was asked for
    """Let every machine that can take a run look at the store.

    Raises:
        BadSetting: one does not see it, does not see its locks, lacks this package, or does not answer.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    look = ray.remote(num_cpus=0, max_retries=0)(_look)
    nodes = {n["NodeID"]: n["NodeManagerAddress"] for n in ray.nodes() if n["Alive"] and n["Resources"].get("CPU")}
    asked = {
        look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(token): f"{ip} ({node[:6]})"
        for node, ip in nodes.items()
    }
    answered, silent = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER_SECONDS) if asked else ([], [])
    said = {asked[ref]: "does not answer" for ref in silent} | {asked[ref]: _answer(ray, ref) for ref in answered}
    there = {n["NodeID"][:6] for n in ray.nodes() if n["Alive"]}  # one that was lost meanwhile takes no runs
    faults = [f"{name} {found}" for name, found in said.items() if found and name[-7:-1] in there]
    if faults:
        more = f" ({len(faults) - 1} more machines likewise)" if len(faults) > 1 else ""
        raise BadSetting(f"--ray: machine {faults[0]}{more}. Nothing was started.")


def _answer(ray: Any, ref: Any) -> str:  # noqa: ANN401
    try:
        return str(ray.get(ref))
    except Exception as error:  # whatever it is, this machine could not do even that
        return f"cannot take runs ({str(error).strip().splitlines()[-1][:200]})"


def _look(token: Path) -> str:
    return fault(token)


__all__ = ["ANSWER_SECONDS", "fault", "held", "roll_call"]

"""A sweep is a list of experiments: skips the finished ones, goes on after a failure, can be split over processes.

A sweep file holds tables `[[runs]]`; every key is a flat setting, `preset` or `method` among them, and a list spans a
grid (a setting that is itself a list is written as a list of lists). What stands above the tables holds for all of them:

    data = "reviews.csv"

    [[runs]]
    preset = ["cnn", "gru"]
    seed = [0, 1, 2]
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

from valence.errors import BadSetting, UnknownName, ValenceError
from valence.experiment import ABOUT, PRESETS, Experiment, experiment, joined, read_toml, spanned
from valence.runner import Screen, run
from valence.store import RunRecord, RunStore

Outcome = tuple[Experiment, RunRecord | ValenceError]


def sweep_files() -> dict[str, Path]:
    """Return the sweeps that come with the package, by name."""
    return {p.stem: p for p in sorted((PRESETS / "sweeps").glob("*.toml"))}


def read(name: str, **overrides: Any) -> list[Experiment]:  # noqa: ANN401 - flat settings have each their own type
    """Return the experiments of a sweep, in its order; a table's settings go before those above the tables, those given here before both.

    Raises:
        UnknownName: neither a sweep of that name nor a TOML file, or a setting that does not exist.
        BadSetting: the file is no sweep, or a value outside its range; the message says in which table.
    """
    files = sweep_files()
    if not name.endswith(".toml") and name not in files:
        raise UnknownName("sweep", name, files)
    path = Path(name) if name.endswith(".toml") else files[name]
    shared = {k: v for k, v in read_toml(path).items() if k not in ABOUT}
    tables = shared.pop("runs", None)
    if not isinstance(tables, list) or not tables:
        hint = f" It is one experiment: valence run {path}" if {"method", "preset"} & shared.keys() else ""
        raise BadSetting(f"{path} holds no table [[runs]]; a sweep needs at least one.{hint}")
    found = [e for number, table in enumerate(tables, 1) for e in _table(path, number, joined(shared, table) | overrides)]
    return list({e.id: e for e in found}.values())


def _table(path: Path, number: int, table: dict[str, Any]) -> list[Experiment]:
    """Return the experiments of a table; an error says which table of the file it is about."""
    try:
        return list(_grid(table))
    except ValenceError as error:
        error.args = (f"{path}, table {number} of [[runs]]: {error}",)
        raise


def _grid(table: dict[str, Any]) -> Iterator[Experiment]:
    key = next((k for k in ("preset", "method") if k in table), None)
    if key is None:
        raise BadSetting('It names neither preset nor method. Add a line such as: preset = "cnn"')
    for settings in spanned(table):
        yield experiment(settings.pop(key), **settings)


def sweep(
    experiments: list[Experiment],
    store: RunStore,
    *,
    workers: int = 1,
    again: bool = False,
    device: str = "auto",
    screen: Screen | None = None,
) -> Iterator[Outcome]:
    """Run the experiments and yield each with its record as it ends, or with the error that refused it.

    Args:
        experiments: what to run; those that are finished are returned at once.
        store: where the runs are kept; every worker must see the same folder.
        workers: processes on this machine.
        again: run finished ones too.
        device: as in `runner.run`.
        screen: shows progress; only with one worker.
    """
    if workers <= 1:
        for e in experiments:
            yield e, _attempt(e, store.folder, again, device, screen)
    else:
        yield from _in_processes(experiments, store, workers, again, device)


def _attempt(e: Experiment, folder: Path, again: bool, device: str, screen: Screen | None = None) -> RunRecord | ValenceError:
    try:
        return run(e, RunStore(folder), again=again, device=device, screen=screen)
    except ValenceError as error:
        return error


def _in_worker(e: Experiment, folder: Path, again: bool, device: str) -> RunRecord | ValenceError:
    found = _attempt(e, folder, again, device)
    # errors with arguments of their own do not survive the journey from a process
    return ValenceError(str(found)) if isinstance(found, ValenceError) else found


def _end_with_parent() -> None:
    """End a worker when its sweep was killed: it would wait for work for ever, and keep its memory."""

    def wait() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
            os._exit(1)  # whatever it was doing goes on from its checkpoint

    threading.Thread(target=wait, daemon=True).start()


def _in_processes(experiments: list[Experiment], store: RunStore, workers: int, again: bool, device: str) -> Iterator[Outcome]:
    # spawned, not forked: a forked child inherits the threads' locks of torch and polars and may hang
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        waiting: dict[Future[RunRecord | ValenceError], Experiment] = {
            pool.submit(_in_worker, e, store.folder, again, device): e for e in experiments
        }
        try:
            for future in as_completed(waiting):
                yield waiting[future], _result(future.result)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _result(get: Callable[[], RunRecord | ValenceError]) -> RunRecord | ValenceError:
    """Turn the death of a worker into a result, so that the others go on."""
    try:
        return get()
    except Exception as error:
        return ValenceError(f"The worker died: {type(error).__name__}: {error}")

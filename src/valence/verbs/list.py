"""`valence list [methods|presets|datasets|sweeps|runs]`: what there is, one line each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from valence.verbs._flags import parse

Row = dict[str, Any]


@dataclass
class Options:
    """List what there is."""

    kind: Annotated[Literal["methods", "presets", "datasets", "sweeps", "runs", "all"], tyro.conf.Positional] = "all"
    """methods, presets, datasets, sweeps, runs, or all but the runs."""
    store: str = "runs"
    """Folder of the runs."""
    json: bool = False
    """Print JSON."""


def main(words: Sequence[str]) -> int:
    """Print the members of one kind, or of all but the runs."""
    options = parse(Options, words, "list")
    listings: dict[str, Callable[[], list[Row]]] = {
        "methods": _methods,
        "presets": _presets,
        "datasets": _datasets,
        "sweeps": _sweeps,
        "runs": lambda: _runs(options.store),
    }
    chosen = [k for k in listings if k != "runs"] if options.kind == "all" else [options.kind]
    found = {k: listings[k]() for k in chosen}
    if options.json:
        print(json.dumps(found if options.kind == "all" else found[options.kind], indent=2))
    else:
        _show(found)
    return 0


def _show(found: dict[str, list[Row]]) -> None:
    for kind, rows in found.items():
        print(f"{kind}:")
        width = max((len(row["name"]) for row in rows), default=0)
        for row in rows:
            print(f"  {row['name']:{width}}  {row['about']}")
        if not rows:
            print("  none yet")


def _methods() -> list[Row]:
    from valence.methods import METHODS

    found = ((name, METHODS.find(name)) for name in METHODS.names)
    return [{"name": n, "about": (m.__doc__ or "").splitlines()[0], "paper": m.paper} for n, m in found]


def _presets() -> list[Row]:
    from valence.experiment import about, flat, preset_files

    return [{"name": n, "about": about(n).get("about", ""), **flat(n)} for n in preset_files()]


def _datasets() -> list[Row]:
    from valence.data import DATASETS

    found = ((name, DATASETS.find(name)) for name in DATASETS.names)
    return [{"name": n, "about": d.topic, "source": d.source} for n, d in found]


def _sweeps() -> list[Row]:
    from valence.experiment import read_toml
    from valence.sweep import sweep_files

    return [{"name": n, "about": read_toml(p).get("about", "")} for n, p in sweep_files().items()]


def _runs(store: str) -> list[Row]:
    from valence.store import RunStore
    from valence.verbs.run import sentence

    return [{"name": r.id, "about": sentence(r).partition(": ")[2], **r.metrics} for r in RunStore(store).records()]

"""`valence compare RUN RUN [...]`: paired tests on predictions alone, matched by id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from valence.errors import BadSetting
from valence.store import RunStore
from valence.verbs._flags import parse


@dataclass
class Options:
    """Test every pair of the given runs (McNemar) with Holm's correction over the pairs."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Two or more runs: ids, beginnings of ids, or folders."""
    store: str = "runs"
    """Folder of the runs."""
    pool_seeds: bool = False
    """Take the runs that differ by their seed only as one, its seeds together."""
    json: bool = False
    """Print JSON."""


def main(words: Sequence[str]) -> int:
    """Compare and print."""
    options = parse(Options, words, "compare")
    if len(options.runs) < 2:
        raise BadSetting(f"{len(options.runs) or 'No'} run was given; a comparison needs two or more. See: valence list runs")
    from rich.console import Console

    from valence.report.compare import compare

    store = RunStore(options.store)
    found = compare(store, [store.resolve(name) for name in options.runs], pool_seeds=options.pool_seeds)
    if options.json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        Console(highlight=False).print(found.table())
    return 0

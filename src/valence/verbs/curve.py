"""`valence curve [PRESET ...]`: accuracy against the number of labelled texts, from the finished runs of a store."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from valence.errors import BadSetting, ValenceError
from valence.store import RunRecord, RunStore
from valence.verbs._flags import parse


@dataclass
class Options:
    """Draw learning curves from finished runs; missing ones are filled by a sweep (valence sweep sst2_curve)."""

    presets: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Presets to show; every one with runs of two sizes or more, and all that use no labels, when not given."""
    store: str = "runs"
    """Folder of the runs."""
    data: str | None = None
    """Data set or file; the only one in the store with runs of several sizes when not given."""
    score_on: str = "test"
    """The split whose runs are read: test or dev."""
    target: tuple[float, ...] = ()
    """Accuracies, such as 0.9, of which to say how many labels they take; round ones within reach when not given."""
    out: str = "board"
    """Folder for <data>-curve.md, .csv, .html and .png."""
    json: bool = False
    """Print JSON."""


def main(words: Sequence[str]) -> int:
    """Build, print and write the curves."""
    options = parse(Options, words, "curve")
    from rich.console import Console

    from valence.report.curve import build, write
    from valence.report.curve_text import table, to_json

    store = RunStore(options.store)
    name, record = _choose(store, options.data, options.score_on)
    curves = build(
        store, name, names=options.presets, score_on=options.score_on, n_all=_count(options.data, record), targets=options.target
    )
    if options.json:
        print(json.dumps(to_json(curves)))
    else:
        Console(highlight=False).print(table(curves))
    for path in write(curves, Path(options.out)):
        print(f"wrote {path}", file=sys.stderr)
    return 0


def _choose(store: RunStore, data: str | None, score_on: str) -> tuple[str, RunRecord | None]:
    """Return the data set's name as records carry it, and one of its runs."""
    from valence.experiment import data_title

    sizes: dict[str, dict[int | None, RunRecord]] = {}
    for record in store.records():
        if record.score_on == score_on and record.experiment:
            sizes.setdefault(record.data, {})[record.n_train] = record
    if data is not None:
        return data_title(data), next(iter(sizes.get(data_title(data), {}).values()), None)
    several = [name for name, found in sizes.items() if len(found) > 1]
    if len(several) != 1:
        found = f"runs of several sizes on {', '.join(sorted(several))}: name one with --data" if several else "no runs of several sizes"
        raise BadSetting(f"The store {store.folder.as_posix()}/ holds {found}. Fill it with: valence sweep sst2_curve")
    return several[0], next(iter(sizes[several[0]].values()))


def _count(data: str | None, record: RunRecord | None) -> int | None:
    """Return how many labelled training texts there are, which is where runs on all of them stand; None when nobody can say."""
    from valence import data as datasets

    said = record.experiment if record is not None else {}
    columns = {k: said.get(k) for k in ("text_column", "label_column", "id_column")}
    named = data is not None and (data in datasets.DATASETS.names or Path(data).exists())
    source = data if named else said.get("data", data)  # a file's title, as the board has it, leads to the file its runs read
    if source is None:
        return None
    try:
        train = datasets.load(source, **columns).splits["train"]
    except ValenceError as error:
        print(f"valence: how many texts 'all' means is unknown. {error}", file=sys.stderr)
        return None
    return int((train.labels >= 0).sum()) or None

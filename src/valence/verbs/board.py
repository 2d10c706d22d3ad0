"""`valence board`: rank the runs of a store; print the board and write it as Markdown, CSV, HTML and figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from valence.errors import BadSetting, ValenceError
from valence.store import RunStore
from valence.verbs._flags import parse


@dataclass
class Options:
    """Rank the runs of a store, data set by data set."""

    store: str = "runs"
    """Folder of the runs."""
    data: str | None = None
    """Only this data set; every one in the store when not given."""
    out: str = "board"
    """Folder for <data>.md, .csv, .html and the figures."""
    publish: bool = False
    """For pages that others see: copy records, predictions and histories to OUT/runs, rank all runs there, name reviews by id only."""
    json: bool = False
    """Print the rows as JSON."""


def main(words: Sequence[str]) -> int:
    """Build, print and write a board for each data set."""
    options = parse(Options, words, "board")
    from rich.console import Console

    from valence.experiment import data_title
    from valence.report.board import build, write
    from valence.report.table import COLUMNS
    from valence.report.terminal import render

    store = _published(options) if options.publish else RunStore(options.store)
    known = sorted({(record.data, record.score_on) for record in store.records()})
    wanted = [pair for pair in known if options.data is None or pair[0] == data_title(options.data)]
    if not wanted:
        there = ", ".join(sorted({name for name, _ in known}))
        found = f"holds runs on {there} only" if there else "holds no runs. Run one: valence run tfidf_linear"
        raise BadSetting(f"The store {options.store}/ {found}.")
    console = Console(highlight=False)
    for name, score_on in wanted:
        board = build(store, name, score_on=score_on, texts=None if options.publish else _texts(store, name, score_on))
        if options.json:
            print(json.dumps([{c.name: c.value(row) for c in COLUMNS} for row in board.rows]))
        else:
            console.print(render(board, console.width))
        for path in write(board, Path(options.out)):
            print(f"wrote {path}", file=sys.stderr)
    return 0


def _published(options: Options) -> RunStore:
    """Copy the runs to OUT/runs and return that store: the board others see is built from what they can see."""
    from valence.experiment import data_title
    from valence.report.publish import publish

    store, seen = RunStore(options.store), RunStore(Path(options.out) / "runs")
    if store.folder.resolve() != seen.folder.resolve():
        publish(store, [r.id for r in store.records() if options.data is None or r.data == data_title(options.data)], options.out)
    return seen


def _texts(store: RunStore, name: str, score_on: str) -> dict[str, str] | None:
    """Return the scored texts by id, for the user's own page; None when the data cannot be read any more."""
    from valence import data

    record = next(r for r in store.records() if (r.data, r.score_on) == (name, score_on))
    source = record.experiment.get("data", name)
    columns = {k: record.experiment.get(k) for k in ("text_column", "label_column", "id_column")}
    try:
        split = data.load(source, **columns).splits[score_on]
    except (ValenceError, KeyError):
        print(f"valence: the texts of {name} cannot be read now; the page names them by id.", file=sys.stderr)
        return None
    return dict(zip(split.ids, split.texts, strict=True))

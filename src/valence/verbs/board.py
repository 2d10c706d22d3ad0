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
    """For pages that others see: name reviews by id only, and copy records, predictions and histories to OUT/runs, without weights."""
    json: bool = False
    """Print the rows as JSON."""


def main(words: Sequence[str]) -> int:
    """Build, print and write a board for each data set."""
    options = parse(Options, words, "board")
    from rich.console import Console

    from valence.experiment import data_title
    from valence.report.board import build, write
    from valence.report.terminal import table

    store = RunStore(options.store)
    known = sorted({record.data for record in store.records()})
    wanted = known if options.data is None else [data_title(options.data)]
    if not known or not set(wanted) <= set(known):
        what = f"holds no run on {options.data!r}" if known else "holds no runs"
        raise BadSetting(f"The store {options.store}/ {what}. {'Its data sets: ' + ', '.join(known) if known else 'Run one: valence run tfidf_linear'}.")
    for name in wanted:
        board = build(store, name, texts=None if options.publish else _texts(store, name))
        if options.json:
            print(json.dumps([row.to_json() for row in board.rows]))
        else:
            Console(highlight=False).print(table(board))
        for path in write(board, Path(options.out)):
            print(f"wrote {path}", file=sys.stderr)
        if options.publish:
            _publish(store, name, Path(options.out))
    return 0


def _texts(store: RunStore, name: str) -> dict[str, str] | None:
    """Return the scored texts by id, for the user's own page; None when the data cannot be read any more."""
    from valence import data

    record = next(r for r in store.records() if r.data == name)
    source = record.experiment.get("data", name)
    columns = {k: record.experiment.get(k) for k in ("text_column", "label_column", "id_column")}
    try:
        split = data.load(source, **columns).splits[record.score_on]
    except (ValenceError, KeyError):
        print(f"valence: the texts of {name} cannot be read now; the page names them by id.", file=sys.stderr)
        return None
    return dict(zip(split.ids, split.texts, strict=True))


def _publish(store: RunStore, name: str, out: Path) -> None:
    from valence.report.publish import publish

    for record in store.records():
        if record.data == name and record.status == "ok":
            publish(store, record.id, out)

"""`valence board`: rank the runs of a store; print the board and write it as Markdown, CSV, figures, a page, and a page per run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from valence.errors import BadData, BadSetting
from valence.store import RunStore
from valence.verbs._flags import parse

if TYPE_CHECKING:
    from valence.report.board import Board


@dataclass
class Options:
    """Rank the runs of a store, data set by data set."""

    store: str = "runs"
    """Folder of the runs."""
    data: str | None = None
    """Only this data set; every one in the store when not given."""
    out: str = "board"
    """Folder for <data>.md, .csv, .html, the figures and runs/<id>.html."""
    publish: bool = False
    """For pages that others see: copy records, predictions, histories and reports to OUT/runs and rank all runs there."""
    with_texts: bool = False
    """Show the text of the reviews that were answered wrongly, from the data at hand; for your eyes only, so not with --publish."""
    explain: int = 3
    """With --with-texts, of how many of each run's hardest reviews to colour the words that decided; 0 for none."""
    json: bool = False
    """Print the rows as JSON."""


def main(words: Sequence[str]) -> int:
    """Build, print and write a board for each data set."""
    options = parse(Options, words, "board")
    if options.publish and options.with_texts:
        raise BadSetting("--publish and --with-texts exclude each other: published pages name reviews by id only. Leave one out.")
    store = _published(options) if options.publish else RunStore(options.store)
    wanted, known = _choose(store, options)
    for name, score_on in wanted:
        board = _build(store, name, score_on, options)
        _show(board, options)
        _write(replace(board, siblings=_siblings(wanted, known, Path(options.out))), Path(options.out))
    if options.publish:
        _refuse_texts(Path(options.out))
    return 0


Pair = tuple[str, str]
"""A data set's name and the split that was scored."""


def _choose(store: RunStore, options: Options) -> tuple[list[Pair], list[Pair]]:
    """Return the boards to write, and all that the store has runs for."""
    from valence.experiment import data_title

    known = sorted({(record.data, record.score_on) for record in store.records()})
    wanted = [pair for pair in known if options.data is None or pair[0] == data_title(options.data)]
    if not wanted:
        there = ", ".join(sorted({name for name, _ in known}))
        found = f"holds runs on {there} only" if there else "holds no runs. Run one: valence run tfidf_linear"
        raise BadSetting(f"The store {options.store}/ {found}.")
    return wanted, known


def _build(store: RunStore, name: str, score_on: str, options: Options) -> Board:
    from valence.report.board import build
    from valence.verbs._board_texts import explained, texts_of

    board = build(store, name, score_on=score_on, texts=texts_of(store, name, score_on) if options.with_texts else None)
    return replace(board, marks=explained(board, store, options.explain)) if board.texts else board


def _show(board: Board, options: Options) -> None:
    from rich.console import Console

    from valence.report.table import COLUMNS
    from valence.report.terminal import render

    if options.json:
        print(json.dumps([{c.name: c.value(row) for c in COLUMNS} for row in board.rows]))
    else:
        console = Console(highlight=False)
        console.print(render(board, console.width))


def _siblings(wanted: Sequence[Pair], known: Sequence[Pair], out: Path) -> tuple[str, ...]:
    """Return the names of the boards whose pages lie in the folder, or will when all are written."""
    from valence.report.board import name_of

    return tuple(name for pair in known if pair in wanted or (out / f"{name_of(*pair)}.html").exists() for name in [name_of(*pair)])


def _write(board: Board, out: Path) -> None:
    from valence.report.board import write

    written = write(board, out)
    pages = [path for path in written if path.parent != out]
    for path in written:
        if path not in pages:
            print(f"wrote {path}", file=sys.stderr)
    print(f"wrote {out / 'runs'}: {len(pages)} page{'' if len(pages) == 1 else 's'}, one per run", file=sys.stderr)


def _published(options: Options) -> RunStore:
    """Copy the runs to OUT/runs and return that store: the board others see is built from what they can see."""
    from valence.experiment import data_title
    from valence.report.publish import publish

    store, seen = RunStore(options.store), RunStore(Path(options.out) / "runs")
    if store.folder.resolve() != seen.folder.resolve():
        publish(store, [r.id for r in store.records() if options.data is None or r.data == data_title(options.data)], options.out)
    return seen


def _refuse_texts(out: Path) -> None:
    """Refuse a folder in which a page made earlier, of a run or data set that is gone, still shows review text."""
    from valence.report.inline import HOLDS_TEXTS

    left = [p for p in sorted([*out.glob("*.html"), *out.glob("runs/*.html")]) if HOLDS_TEXTS in p.read_text(encoding="utf-8")]
    if left:
        raise BadData(f"{left[0]} ({len(left)} such) was written before and shows review text. Delete it, then publish.")

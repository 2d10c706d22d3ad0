"""The texts of the scored split for a user's own board, and the words in them that decided."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from valence.errors import ValenceError
from valence.report.board import Board
from valence.report.hardest import Mark
from valence.store import RunStore

if TYPE_CHECKING:
    from valence.explain.explanation import Explanation, Piece

FAINT = 0.1
"""Share of the strongest score below which a word stays uncoloured."""
Marks = dict[tuple[str, str], tuple[Mark, ...]]


def texts_of(store: RunStore, name: str, score_on: str) -> dict[str, str] | None:
    """Return the scored texts by id; None, with a line that says so, when the data cannot be read any more."""
    from valence import data

    record = next((r for r in store.records() if (r.data, r.score_on) == (name, score_on) and r.experiment), None)
    said = {} if record is None else record.experiment
    columns = {k: said.get(k) for k in ("text_column", "label_column", "id_column")}
    try:
        split = data.load(said.get("data", name), **columns).splits[score_on]
    except (ValenceError, KeyError):
        print(f"valence: the texts of {name} cannot be read now; the page names them by id.", file=sys.stderr)
        return None
    return dict(zip(split.ids, split.texts, strict=True))


def explained(board: Board, store: RunStore, most: int) -> Marks:
    """Explain the answers to the `most` hardest texts of every run whose model is in the store; other runs show plain text."""
    from valence.verbs._screen import Terminal

    runs = [run for row in board.rows for run in row.runs if most and run.wrong and (store.path(run.record.id) / "model").is_dir()]
    marks: Marks = {}
    with Terminal("explaining") as screen:
        for done, run in enumerate(runs):
            screen.progress(done, len(runs), run.record.id)
            named = [w.id for w in run.wrong[:most] if w.id in board.texts]
            try:
                marks |= _explained(store, run.record.id, {name: board.texts[name] for name in named})
            except ValenceError as error:
                screen.say(f"valence: {run.record.id} is shown without colours. {error}")
    return marks


def _explained(store: RunStore, run: str, texts: dict[str, str]) -> Marks:
    from valence.explain import explain
    from valence.runner import load

    classifier, record = load(run, store)
    return {(run, name): marked(explain(classifier, text, record.labels)) for name, text in texts.items()}


def marked(found: Explanation) -> tuple[Mark, ...]:
    """Return the text piece by piece, coloured as `valence explain` colours it."""
    return tuple(_mark(piece, found) for piece in found.pieces())


def _mark(piece: Piece, found: Explanation) -> Mark:
    from valence.explain.legible import legible

    text = legible(piece.text)
    if piece.score is None:
        return Mark(text, "unread" if piece.unread else "")
    depth = abs(piece.score) / found.largest if found.largest else 0.0
    if depth < FAINT:
        return Mark(text)
    return Mark(text, ("toward" if piece.score > 0 else "against") if found.signed else "neutral", depth)

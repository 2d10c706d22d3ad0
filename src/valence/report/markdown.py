"""The board as Markdown, for a repository's pages: ranked rows, then what is not ranked and why."""

from __future__ import annotations

import re
from collections.abc import Sequence

from valence.report.board import Board
from valence.report.reading import Excluded
from valence.report.rows import Row
from valence.report.table import Column, column, percent

SHOWN = (
    *("rank", "preset", "method", "backbone", "n_train", "seeds", "accuracy", "macro_f1", "log_loss", "ece", "fit_seconds"),
    *("texts_per_second", "trainable_parameters", "peak_memory_bytes", "device", "seed_accuracy", "better_than_next_p"),
)
"""Columns of the table; the interval stands beside the accuracy."""


def escape(text: str) -> str:
    """Make a name safe inside a Markdown table: no cell ends early and no HTML or markup starts."""
    marked = re.sub(r"([\\`*\[\]<>|~])|(?<!\w)(_)|(_)(?!\w)", lambda found: "\\" + found[0], text)
    return " ".join(marked.split())


def columns_shown(board: Board) -> list[Column]:
    """Return the columns worth their width: one that is empty in every row is left out, validity too while all answers are valid."""
    names = list(SHOWN)
    if any(r.valid_rate < 1 for r in board.rows):
        names[names.index("ece") + 1 : names.index("ece") + 1] = ["valid_rate", "accuracy_valid"]
    return [c for c in map(column, names) if not board.rows or any(c.show(r) for r in board.rows)]


def interval(row: Row) -> str:
    """Write the accuracy with its interval: `95.73 [95.47, 95.97]`."""
    found = row.figures["accuracy"]
    return f"{percent(found.value)} [{percent(found.low)}, {percent(found.high)}]"


def _cell(c: Column, row: Row) -> str:
    if c.name == "accuracy":
        return interval(row)
    if c.name == "preset":
        return ("◆ " if row.pareto else "") + escape(c.show(row))
    return escape(c.show(row))


def lines(headings: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table's lines; `right` says which columns are set to the right."""
    rule = ["---:" if r else "---" for r in right]
    return ["| " + " | ".join(cells) + " |" for cells in (headings, rule, *rows)]


def _not_ranked(title: str, runs: Sequence[Excluded]) -> list[str]:
    if not runs:
        return []
    rows = [(escape(e.preset), str(e.seed), e.status, escape(e.reason)) for e in runs]
    return ["", f"## {title}", "", *lines(("Preset", "Seed", "Fate", "Reason"), (False, True, False, False), rows)]


def render(board: Board) -> str:
    """Return the board as a Markdown page."""
    shown = columns_shown(board)
    runs = sum(len(r.records) for r in board.rows)
    page = [
        f"# {escape(board.name)}",
        "",
        f"{len(board.rows)} rows from {runs} finished runs, each scored on the same {board.n:,} texts of `{board.score_on}`.",
    ]
    if board.rows:
        right = [c.name == "rank" or isinstance(c.value(board.rows[0]), (int, float)) for c in shown]
        page += ["", *lines([escape(c.title) for c in shown], right, [[_cell(c, r) for c in shown] for r in board.rows])]
        page += ["", *_legend(shown)]
    else:
        page += ["", "No run has finished yet."]
    page += _not_ranked("Failed and interrupted", board.unfinished)
    page += _not_ranked("Not comparable", board.refused)
    return "\n".join(page) + "\n"


def _legend(shown: Sequence[Column]) -> list[str]:
    return [
        "Accuracy in percent with its 95 % interval; with one seed it covers the texts alone, with several the seeds too.",
        "◆: on the Pareto front of accuracy, fit time and throughput among the rows measured on the same device.",
        "",
        *(f"- **{escape(c.title)}**: {c.meaning}" for c in shown if c.name not in {"rank", "preset", "method"}),
    ]

"""The board on a terminal: as many columns as fit, the important ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valence.report.board import Board
from valence.report.rows import Row
from valence.report.table import Column, column, percent

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

BY_NEED = (
    *("rank", "preset", "accuracy", "better_than_next_p", "n_train", "seeds", "fit_seconds", "texts_per_second", "macro_f1"),
    *("log_loss", "ece", "seed_accuracy", "trainable_parameters", "peak_memory_bytes", "backbone", "device"),
)
"""Columns, the most needed first; they are taken as long as they fit."""
SHOWN = (
    *("rank", "preset", "n_train", "seeds", "accuracy", "seed_accuracy", "macro_f1", "log_loss", "ece", "fit_seconds"),
    *("texts_per_second", "trainable_parameters", "peak_memory_bytes", "backbone", "device", "better_than_next_p"),
)
"""The same columns in the order in which they stand."""
HEADINGS = {"better_than_next_p": "p", "accuracy": "Accuracy"}
"""Short headings."""
NAME = 26
"""Characters of a name that keep other columns out; a longer one is folded."""
GAP = 3
"""Characters between columns."""


def render(board: Board, width: int = 80) -> RenderableType:
    """Return the board as a rich table for `width` characters, with what is not ranked and why under it."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    shown = _fitting(board, width)
    title = f"{board.name}: {board.n:,} texts" if board.rows else f"{board.name}: no run has finished yet"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, expand=False)
    for c in shown:
        number = c.name == "rank" or c.better != "" or c.name in {"seeds", "n_train", "better_than_next_p", "seed_accuracy"}
        table.add_column(HEADINGS.get(c.name, c.title), justify="right" if number else "left", overflow="fold", no_wrap=c.name != "preset")
    for r in board.rows:
        table.add_row(*(_cell(c, r) for c in shown))
    notes = [Text(f"{e.status}: {e.preset} (seed {e.seed}). {e.reason}") for e in (*board.unfinished, *board.refused)]
    legend = Text("± half the 95 % interval.  ◆ on the Pareto front.  p: Holm-adjusted paired test against the next row.", style="dim")
    return Group(*([table, legend] if board.rows else [Text(title)]), *notes)


def _fitting(board: Board, width: int) -> list[Column]:
    """Take columns by need until the width is used up; rank, name and accuracy are always there."""
    kept: list[str] = []
    used = 0
    for c in map(column, BY_NEED):
        cells = [_cell(c, r).cell_len for r in board.rows]
        if not any(cells):
            continue
        most = min(max(cells), NAME) if c.name == "preset" else max(cells)
        used += max(most, len(HEADINGS.get(c.name, c.title))) + GAP
        if used > width + GAP and len(kept) >= 3:
            break
        kept.append(c.name)
    return [column(name) for name in SHOWN if name in kept]


def _cell(c: Column, row: Row) -> Text:
    from rich.text import Text

    if c.name == "accuracy":
        found = row.figures["accuracy"]
        return Text.assemble((percent(found.value), "bold"), (f" ±{percent((found.high - found.low) / 2)}", "dim"))
    if c.name == "preset":
        return Text.assemble(c.show(row), (" ◆", "green") if row.pareto else "")
    return Text(c.show(row))

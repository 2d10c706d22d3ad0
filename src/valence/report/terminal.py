"""The board on a terminal: as many columns as fit, the important ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from valence.report.board import Board
from valence.report.rows import Row
from valence.report.table import Column, column, percent

if TYPE_CHECKING:
    from rich.console import RenderableType

BY_WIDTH = (
    *((0, name) for name in ("rank", "preset", "n_train", "seeds", "accuracy")),
    *((80, name) for name in ("fit_seconds", "texts_per_second")),
    *((110, name) for name in ("macro_f1", "log_loss", "ece")),
    *((150, name) for name in ("backbone", "trainable_parameters", "peak_memory_bytes")),
    *((190, name) for name in ("device", "seed_accuracy")),
    (0, "better_than_next_p"),
)
"""Columns and the width from which they are shown."""


def render(board: Board, width: int = 80) -> RenderableType:
    """Return the board as a rich table for `width` characters, with what is not ranked and why under it."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    shown = [column(name) for least, name in BY_WIDTH if width >= least]
    shown = [c for c in shown if not board.rows or any(c.show(r) for r in board.rows)]
    title = f"{board.name}: {board.n:,} texts" if board.rows else f"{board.name}: no run has finished yet"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, expand=False)
    for c in shown:
        number = c.name == "rank" or c.better != "" or c.name in {"seeds", "n_train", "better_than_next_p", "seed_accuracy"}
        table.add_column(_HEADINGS.get(c.name, c.title), justify="right" if number else "left", overflow="fold", no_wrap=c.name != "preset")
    for r in board.rows:
        table.add_row(*(_cell(c, r) for c in shown))
    notes = [Text(f"{e.status}: {e.preset} (seed {e.seed}). {e.reason}") for e in (*board.unfinished, *board.refused)]
    legend = Text("± half the 95 % interval.  ◆ on the Pareto front.  p: Holm-adjusted paired test against the next row.", style="dim")
    return Group(*([table, legend] if board.rows else [Text(title)]), *notes)


_HEADINGS = {"n_train": "Train", "better_than_next_p": "p", "preset": "Preset", "accuracy": "Accuracy"}
"""Short headings."""


def _cell(c: Column, row: Row) -> RenderableType:
    from rich.text import Text

    if c.name == "accuracy":
        found = row.figures["accuracy"]
        return Text.assemble((percent(found.value), "bold"), (f" ±{percent((found.high - found.low) / 2)}", "dim"))
    if c.name == "preset":
        return Text.assemble(c.show(row), (" ◆", "green") if row.pareto else "")
    return Text(c.show(row))

"""`valence calibrate RUN`: how far a run's confidence can be trusted, and what makes it honest."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from valence.store import RunStore
from valence.verbs._flags import parse

if TYPE_CHECKING:
    from rich.table import Table

    from valence.combine import Calibration


@dataclass
class Options:
    """Fit a temperature, conformal sets and confidence thresholds on a run's held-out texts, and show what they do on its scored ones.

    The run and its stored predictions stay as they are.
    """

    run: Annotated[str, tyro.conf.Positional]
    """A run's id, the beginning of it, or its folder."""
    store: str = "runs"
    """Folder of the runs."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""
    out: str = "calibration"
    """Folder for <run>.json and <run>.png."""
    json: bool = False
    """Print JSON."""


def main(words: Sequence[str]) -> int:
    """Calibrate, print, and write the figures beside."""
    options = parse(Options, words, "calibrate")
    from valence.combine import calibrate
    from valence.verbs._calibration_figure import draw
    from valence.verbs._screen import Terminal
    from valence.verbs.combine import write_all

    with Terminal("calibrate") as screen:
        found = calibrate(options.run, RunStore(options.store), device=options.device, screen=screen)
    text = json.dumps(found.to_json(), indent=2)
    if options.json:
        print(text)
    else:
        _print(found)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    for path in write_all(out, found.record.id, {"json": (text + "\n").encode(), "png": draw(found)}):
        print(f"wrote {path}", file=sys.stderr)
    return 0


def _print(found: Calibration) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(f"{found.record.id}\n", markup=False, soft_wrap=True)
    console.print(f"Fitted on {found.held_out:,} held-out texts, measured on {len(found.scored[0]):,} texts of {found.record.score_on}.")
    for note in found.notes:
        console.print(f"Note: {note}.", markup=False, soft_wrap=True)
    for table in (_honesty(found), _sets(found), _selective(found)):
        console.print(table)
    console.print(f"Area under the risk-coverage curve {100 * found.area:.2f} %, {100 * found.excess_area:.2f} above the best order's.")


def _table(name: str, headings: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=name, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i == 0 else "right")
    return table


def _honesty(found: Calibration) -> Table:
    from valence.report.table import percent

    heading = f"Temperature scaling (no answer changes: accuracy {percent(found.before.accuracy)} %)"
    table = _table(heading, ("", "Log loss", "ECE %", "95 % interval", "Equal mass", "Brier"))
    for name, f in (("as it is", found.before), (f"temperature {found.temperature:.3f}", found.after)):
        interval = f"{percent(f.ece.low)} to {percent(f.ece.high)}"
        table.add_row(name, f"{f.log_loss.value:.4f}", percent(f.ece.value), interval, percent(f.ece_mass), f"{f.brier:.4f}")
    return table


def _sets(found: Calibration) -> Table:
    from valence.report.table import percent

    headings = ("Score", "Promised %", "Held %", "95 % interval", "Labels", "One %", "By label %")
    table = _table("Conformal sets: how often they hold the true label, and how many labels they have", headings)
    for promise in found.promises:
        f = promise.found
        held = percent(f.coverage.value), f"{percent(f.coverage.low)} to {percent(f.coverage.high)}"
        each = ", ".join(percent(value, 1) for value in f.by_label)
        table.add_row(promise.score, percent(promise.promised, 0), *held, f"{f.mean_size:.3f}", percent(f.sizes[1], 1), each)
    return table


def _selective(found: Calibration) -> Table:
    from valence.report.table import percent

    table = _table(
        "Answering only where sure: right among the surest; then what a threshold from the held-out texts gives",
        ("Texts %", "Right %", "Threshold", "Answered %", "Right % "),
    )
    for row in found.abstentions:
        cells = percent(row.ranked), f"{row.found.threshold:.4f}", percent(row.found.coverage, 1), percent(row.found.accuracy)
        table.add_row(percent(row.asked, 0), *cells)
    return table

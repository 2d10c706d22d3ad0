"""`valence stress RUN`: how a run holds up when texts are changed, or come from elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from valence.errors import BadData
from valence.store import RunStore, Scored
from valence.verbs._flags import parse

if TYPE_CHECKING:
    from valence.stress import Report


@dataclass
class Options:
    """Classify changed texts, and texts from elsewhere, and say with intervals what that changes."""

    run: Annotated[str, tyro.conf.Positional]
    """A run's id, the beginning of it, or its folder."""
    only: tuple[str, ...] = ()
    """Stressors to try: case, contrast, counterfactual, domain, length, negation, typos; all that fit when not given."""
    pairs: str | None = None
    """CSV or TSV of your own pairs: columns original and changed, and where known label and changed_label."""
    domains: tuple[str, ...] = ()
    """Data sets, or files with texts and labels, from other domains."""
    n: int = 1000
    """How many of the scored texts are changed; a stratified sample."""
    seed: int = 0
    """Of the sample and of the changes."""
    out: str | None = None
    """Folder for <run>.stress.md, .json and .html; nothing is written when not given."""
    store: str = "runs"
    """Folder of the runs."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""
    json: bool = False
    """Print JSON."""


def main(words: Sequence[str]) -> int:
    """Try, print and write."""
    options = parse(Options, words, "stress")
    from rich.console import Console

    from valence.runner import load
    from valence.stress import stress
    from valence.stress.text import table
    from valence.verbs._screen import Terminal

    store = RunStore(options.store)
    classifier, record = load(options.run, store, device=options.device)
    with Terminal("stress") as screen:
        report = stress(
            classifier,
            record,
            _predictions(store, record.id),
            only=options.only,
            n=options.n,
            seed=options.seed,
            pairs=None if options.pairs is None else Path(options.pairs),
            domains=options.domains,
            progress=screen.progress,
        )
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        console = Console(highlight=False)
        console.print(table(report, console.width))
    if options.out is not None:
        _write(report, Path(options.out))
    return 0


def _predictions(store: RunStore, run: str) -> Scored | None:
    """Return what the run has said already; None when that cannot be read, and it is asked again."""
    try:
        return store.predictions(run)
    except BadData:
        return None


def _write(report: Report, folder: Path) -> None:
    """Write each file beside and rename it into place."""
    from valence.stress.page import render
    from valence.stress.text import markdown

    folder.mkdir(parents=True, exist_ok=True)
    written = {"md": markdown(report), "json": json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n", "html": render(report)}
    for ending, text in written.items():
        path = folder / f"{report.run}.stress.{ending}"
        beside = path.with_name(path.name + ".part")
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
        print(f"wrote {path}", file=sys.stderr)

"""`valence audit DATA`: duplicates within and across splits, label conflicts, withheld labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from valence.verbs._flags import parse


@dataclass
class Options:
    """Look for what makes a figure on these data wrong: duplicates, leaks from test into training, label conflicts."""

    data: Annotated[str, tyro.conf.Positional]
    """A data set's name, or the path of a CSV, TSV, JSONL or Parquet file."""
    threshold: float = 0.8
    """Jaccard similarity of word triples from which two texts count as near duplicates, 0.5 to 1."""
    text_column: str | None = None
    """Column of a table that holds the texts; found by its name when not given."""
    label_column: str | None = None
    """Column of a table that holds the labels; found by its name when not given."""
    id_column: str | None = None
    """Column of a table that holds the ids; found by its name when not given."""
    json: bool = False
    """Print JSON, every pair named by its ids."""


def main(words: Sequence[str]) -> int:
    """Audit and print."""
    options = parse(Options, words, "audit")
    from valence import data
    from valence.data.audit import audit
    from valence.verbs._screen import Terminal

    corpus = data.load(options.data, text_column=options.text_column, label_column=options.label_column, id_column=options.id_column)
    with Terminal(f"audit {corpus.name}") as screen:
        report = audit(corpus, options.threshold, progress=screen.progress)
    print(json.dumps(report.to_json(), indent=2) if options.json else report.to_text())
    return 0

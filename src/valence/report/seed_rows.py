"""The rows of the original document beside ours: its figure, what was wrong with it, and what the same idea measures here.

    python -m valence.report.seed_rows board > docs/seed_rows.md

What was wrong stands in the presets (`was_wrong`), and so does the row of a committed board on which the idea was measured
(`measured_as`): the row's own, or that of weights standing in for its own. Nothing in the page is written by hand.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from valence.errors import BadData
from valence.experiment import about, flat, preset_files
from valence.report.markdown import escape, lines
from valence.report.table import percent

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Networks trained from scratch": ("cnn", "gru", "lstm", "attention_lstm", "cnnlstm", "capsule_lstm", "transformer"),
    "Encoders, fine-tuned whole": ("finetune", "r_drop", "sup_con"),
    "Encoders, tuned in part": ("lora", "p_tuning", "prompt_tuning", "prefix_tuning"),
    "Language models, zero-shot, SST-2": ("prompted",),
    "Language models, instruction-tuned": ("qlora",),
}
"""Methods of each section of the document."""
PAGES: Mapping[str, str] = dict.fromkeys((*SECTIONS["Encoders, fine-tuned whole"], *SECTIONS["Encoders, tuned in part"]), "encoders")
"""Pages of the methods that share one."""
INTRODUCTION = """# The rows of the original document

Every row is a preset: `valence run bert_rdrop`. The original's figure is its accuracy in %, on the official IMDB test reviews where
nothing else is said. Ours is read off the committed [board](../board/imdb.md), whose rows hold settings, seeds and records. A preset
names the checkpoint of its row; where that could not be had, ours is measured over other weights, which the board's column `backbone`
names: MPNet-base for BERT, RoBERTa and DeBERTa, small language models for the large ones. A row without a figure of ours is tested on
random weights of its own architecture and was not measured.

This page is made by `python -m valence.report.seed_rows board > docs/seed_rows.md`."""

Measured = Mapping[str, Mapping[str, str]]
"""Rows of a board's table by their preset."""


def read_board(folder: Path, data: str = "imdb") -> Measured:
    """Return the rows of a committed board by preset; of several under one name, the most accurate.

    Raises:
        BadData: the folder holds no table of that data set.
    """
    path = folder / f"{data}.csv"
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except FileNotFoundError:
        raise BadData(f"{path} is not there. Write it with: valence board --data {data} --out {folder}") from None
    return {row["preset"]: row for row in reversed(rows)}


def render(measured: Measured) -> str:
    """Return the page in Markdown: a table for each section of the document."""
    rows = {name: {**flat(name), **about(name)} for name in preset_files() if "was_wrong" in about(name)}
    parts = [INTRODUCTION]
    for title, methods in SECTIONS.items():
        own = [(name, said) for name, said in rows.items() if said["method"] in methods]
        own.sort(key=lambda row: methods.index(row[1]["method"]))
        table = lines(
            ("row", "method", "original", "what was wrong", "ours"),
            (False, False, True, False, False),
            [_row(name, said, measured) for name, said in own],
        )
        parts.append("\n".join([f"## {title}", "", *table]))
    return "\n\n".join(parts) + "\n"


def _row(name: str, said: Mapping[str, Any], measured: Measured) -> Sequence[str]:
    method = said["method"]
    original = percent(said["seed_accuracy"], 1) if "seed_accuracy" in said else "none"
    ours = [_ours(other, measured) for other in said.get("measured_as", ())]
    link = f"[`{method}`](methods/{PAGES.get(method, method)}.md)"
    return f"`{name}`", link, original, escape(said["was_wrong"]), "; ".join(ours) or "not measured"


def _ours(name: str, measured: Measured) -> str:
    row = measured.get(name)
    if row is None:
        return f"`{name}` not measured"
    seeds = "one seed" if row["seeds"] == "1" else f"{row['seeds']} seeds"
    return f"`{name}` {percent(float(row['accuracy']))} ({percent(float(row['ci_low']))} to {percent(float(row['ci_high']))}, {seeds})"


def main(words: Sequence[str]) -> int:
    """Print the page for the board in a folder."""
    sys.stdout.write(render(read_board(Path(words[0] if words else "board"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

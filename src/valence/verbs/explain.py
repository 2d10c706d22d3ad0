"""`valence explain RUN TEXT`: the text with its words coloured by what each says for or against a label."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from valence.errors import BadSetting, UnknownName
from valence.explain.explanation import Explanation
from valence.store import RunStore
from valence.verbs._flags import parse


@dataclass
class Options:
    """Show which words decided, on the screen or as a page."""

    run: Annotated[str, tyro.conf.Positional]
    """A run's id, the beginning of it, or its folder."""
    text: Annotated[str, tyro.conf.Positional] = "-"
    """The text, in quotes; '-' reads it from standard input."""
    label: str | None = None
    """The label to explain; the predicted one when not given."""
    method: str | None = None
    """A way to explain, such as occlusion; the most exact one that fits the run when not given."""
    out: str | None = None
    """HTML file to write instead of printing."""
    colours: str = "blue-orange"
    """blue-orange, which the colour-blind can tell apart, or green-red."""
    plain: bool = False
    """Print a word a line with its number, no colours; so it is anyway where colours cannot be shown."""
    json: bool = False
    """Print JSON: words, places, scores, completeness."""
    store: str = "runs"
    """Folder of the runs."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""


def main(words: Sequence[str]) -> int:
    """Explain, then print or write."""
    options = parse(Options, words, "explain")
    from valence.explain import explain
    from valence.explain.palettes import PALETTES
    from valence.runner import load
    from valence.verbs._screen import Terminal

    if options.colours not in PALETTES:
        raise UnknownName("colours", options.colours, PALETTES)
    out = _writable(options.out)
    classifier, record = load(options.run, RunStore(options.store), device=options.device)
    text = _standard_input() if options.text == "-" else options.text
    with Terminal("explain") as screen:
        found = explain(classifier, text, record.labels, label=options.label, method=options.method, progress=screen.progress)
    if out is not None:
        _write(found, out, options.colours, record.id)
    if options.json:
        print(json.dumps({"run": record.id, **found.to_json()}, ensure_ascii=False, indent=2))
    elif out is None:
        _print(found, options)
    return 0


def _standard_input() -> str:
    if sys.stdin.isatty():
        print("valence: reading the text from the keyboard; end with Ctrl-D.", file=sys.stderr)
    return sys.stdin.read().rstrip("\r\n")


def _writable(out: str | None) -> Path | None:
    if out is None:
        return None
    path = Path(out)
    if path.suffix not in {".html", ".htm"}:
        raise BadSetting(f"--out {out} has an unknown ending. Known: .html, .htm. For JSON: --json.")
    if not path.parent.is_dir():
        raise BadSetting(f"--out {out}: there is no folder {path.parent}.")
    return path


def _write(found: Explanation, path: Path, colours: str, run: str) -> None:
    """Write the page beside and rename it into place."""
    from valence.explain.page import render
    from valence.explain.palettes import PALETTES

    beside = path.with_name(path.name + ".part")
    beside.write_text(render(found, PALETTES[colours], run=run), encoding="utf-8", newline="\n")
    beside.replace(path)
    print(f"explanation in {path}", file=sys.stderr)


def _print(found: Explanation, options: Options) -> None:
    from rich.console import Console

    from valence.explain.palettes import PALETTES
    from valence.explain.screen import coloured, plain

    console = Console(highlight=False)
    if options.plain or console.no_color or console.color_system is None:
        print(plain(found))
    else:
        console.print(coloured(found, PALETTES[options.colours]))

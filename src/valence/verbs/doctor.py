"""`valence doctor [RUN | FILE | FOLDER ...]`: known ways to a wrong number, each with its evidence and its remedy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from valence.verbs._flags import parse


@dataclass
class Options:
    """Look for the known ways to a wrong number in runs, plans and the outputs of any script; exit code 1 where one was found."""

    things: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Runs, folders of runs, TOML files, presets, predictions, logs, trainer_state.json, prompts, model folders; all runs if none."""
    store: str = "runs"
    """Folder of the runs."""
    data: str | None = None
    """Data set or file whose texts a script of your own predicted."""
    score_on: Literal["test", "dev"] = "test"
    """The split that it predicted."""
    n_train: int | None = None
    """Texts that it trained on, to count its steps; those of --data when not given."""
    model: bool = True
    """Load models and ask them; --no-model leaves those checks out."""
    list: bool = False
    """Show every check with the row of the original document it comes from."""
    json: bool = False
    """Print JSON."""


def main(words: Sequence[str]) -> int:
    """Examine and print; 1 when an error was found."""
    options = parse(Options, words, "doctor")
    if options.list:
        return _list(options.json)
    from valence.doctor import examine, subjects
    from valence.verbs._screen import Terminal

    with Terminal("doctor") as screen:
        found = subjects(
            options.things,
            store=options.store,
            data=options.data,
            score_on=options.score_on,
            n_train=options.n_train,
            model=options.model,
        )
        report = examine(found, progress=screen.progress)
    if options.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        from rich.console import Console

        from valence.verbs._doctor_screen import show

        show(report, Console(highlight=False))
    return 0 if report.sound else 1


def _list(as_json: bool) -> int:
    from valence.doctor import CHECKS

    rows = [{"name": name, "sentence": (check := CHECKS.find(name)).sentence, "seed": check.seed} for name in CHECKS.names]
    if as_json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        print(f"{row['name']}\n  {row['sentence']}\n  Seen in: {row['seed']}")
    return 0

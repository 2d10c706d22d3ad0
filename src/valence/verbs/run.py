"""`valence run NAME`: run one preset, method or TOML file; its settings are flags."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from valence.experiment import Experiment, about, experiment
from valence.machine import processes
from valence.store import RunRecord, RunStore
from valence.types import Settings
from valence.verbs._flags import flat_class, parse
from valence.verbs._together import run_together

HELP = """usage: valence run PRESET|METHOD|FILE.toml [--data imdb|my.csv] [--n-train N] [--seed S] [the method's settings]

valence run NAME --help shows every setting of NAME.  Names: valence list methods, valence list presets.
"""


OPTIONS: dict[str, tuple[Any, Any, str]] = {
    "store": (str, "runs", "Folder of the runs."),
    "device": (str, "auto", "auto, cpu, cuda, cuda:1 or mps."),
    "again": (bool, False, "Run it even if it is finished."),
    "json": (bool, False, "Print the record as JSON."),
}
"""Flags of the command that are no part of the experiment: type, default, help."""


def main(words: Sequence[str]) -> int:
    """Run one experiment and print its figures."""
    if not words or words[0].startswith("-"):
        print(HELP)
        return 0 if not words or words[0] in {"-h", "--help"} else 2
    name, base = words[0], experiment(words[0])
    chosen, options = _read(name, base, words[1:])
    if processes() > 1:
        record = run_together(chosen, options)
        if isinstance(record, int):
            return record
    else:
        record = _run(chosen, options)
    if options["json"]:
        print(record.model_dump_json(indent=2))
    else:
        print(sentence(record))
    if record.status != "ok":
        print(f"valence: {record.id} failed: {record.error}", file=sys.stderr)
    return 0 if record.status == "ok" else 1


def _run(chosen: Experiment, options: dict[str, Any]) -> RunRecord:
    from valence.runner import run
    from valence.verbs._screen import Terminal

    with Terminal(chosen.title) as screen:
        return run(chosen, RunStore(options["store"]), again=options["again"], device=options["device"], screen=screen)


def _read(name: str, base: Experiment, words: Sequence[str]) -> tuple[Experiment, dict[str, Any]]:
    outer = {
        k: (f.annotation, getattr(base, k), f.description or "")
        for k, f in Experiment.model_fields.items()
        if k not in {"method", "preset"}
    }
    inner = {k: (f.annotation, getattr(base.method, k), f.description or "") for k, f in type(base.method).model_fields.items()}
    what = about(base.preset).get("about") or (type(base.method).__doc__ or "").strip()
    flags = flat_class("run", f"{what}\n\n{base.method.paper}", {**outer, **OPTIONS, **inner})
    values = vars(parse(flags, words, f"run {name}"))
    options = {k: values.pop(k) for k in OPTIONS}
    return experiment(name, **values), options


def _flags(settings: Settings) -> dict[str, tuple[Any, Any, str]]:
    return {k: (field.annotation, getattr(settings, k), field.description or "") for k, field in type(settings).model_fields.items()}


def sentence(record: RunRecord) -> str:
    """Say a record in one line: what ran, how well with its interval, what it cost, where it is."""
    if record.status != "ok":
        return f"{record.id}: {record.status}. {record.error}"
    from valence.evaluation.uncertainty import wilson

    interval = wilson(round(record.metrics["accuracy"] * record.n_scored), record.n_scored)
    seconds = f", fitted in {record.cost.fit_seconds:.1f} s" if record.cost.fit_seconds is not None else ""
    return (
        f"{record.id}: accuracy {record.metrics['accuracy']:.4f} (95 % interval {interval.low:.4f} to {interval.high:.4f}) "
        f"on {record.n_scored:,} texts of {record.data} {record.score_on}{seconds}"
    )

"""`valence combine RUN RUN [...] --how vote|stacking|cascade`: one run made of several, for the board, predict and explain."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from valence.errors import BadSetting
from valence.store import RunStore
from valence.verbs._flags import parse

if TYPE_CHECKING:
    from valence.combine import Made
    from valence.report.compare import Pairs


@dataclass
class Options:
    """Combine finished runs on the same data into a run of its own. What is learned is learned on texts that no run was fitted on."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Two or more runs: ids, beginnings of ids, or folders; for a cascade two, the cheap one first."""
    how: Literal["vote", "stacking", "cascade"] = "vote"
    """The mean of the probabilities; a logistic regression on them; or the first run, and the second where the first is unsure."""
    weights: Literal["equal", "fitted"] | None = None
    """Of a vote: every run counts the same (the default), or as much as gives the least log loss on held-out texts."""
    cost: float | None = None
    """Of stacking: what an error costs against the size of the weights, C in scikit-learn; 1 when not given."""
    budget: float | None = None
    """Of a cascade: its mean time per text over the second run's, at most, by the speeds in the records."""
    share: float | None = None
    """Of a cascade: the share of texts passed on, at most."""
    threshold: float | None = None
    """Of a cascade: the first run's confidence at which, and below, a text is passed on; nothing is learned then."""
    loss: float | None = None
    """Of a cascade without budget, share or threshold: accuracy that may be lost against the second run; 0.005 when not given."""
    level: float | None = None
    """Of a cascade without budget, share or threshold: chance that more is lost; 0.05 when not given."""
    store: str = "runs"
    """Folder of the runs."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""
    out: str = "combinations"
    """Folder for <run>.json and, of a cascade, <run>.png with its accuracy-cost curve."""
    json: bool = False
    """Print JSON."""


SETTINGS = ("weights", "cost", "share", "threshold", "loss", "level")


def main(words: Sequence[str]) -> int:
    """Combine, print, and write the figures beside."""
    options = parse(Options, words, "combine")
    if len(options.runs) < 2:
        raise BadSetting(f"{len(options.runs) or 'No'} run was given; a combination needs two or more. See: valence list runs")
    from valence.combine import combine
    from valence.report.compare import compare
    from valence.verbs._screen import Terminal

    settings: dict[str, Any] = {k: getattr(options, k) for k in SETTINGS if getattr(options, k) is not None}
    store = RunStore(options.store)
    with Terminal(f"combine, {options.how}") as screen:
        made = combine(store, options.runs, options.how, budget=options.budget, device=options.device, screen=screen, **settings)
    best = max(made.members, key=lambda record: record.metrics["accuracy"])
    pairs = compare(store, [made.record.id, best.id])
    found = _json(made, pairs)
    written = _write(made, found, Path(options.out))
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        _print(made, pairs)
    for path in written:
        print(f"wrote {path}", file=sys.stderr)
    return 0


def _json(made: Made, pairs: Pairs) -> dict[str, Any]:
    return {
        "run": made.record.id,
        "members": [{"run": r.id, **r.metrics, "texts_per_second": r.cost.texts_per_second} for r in made.members],
        "metrics": made.record.metrics,
        "cost": made.record.cost.model_dump(),
        "held_out": made.held_out,
        "rule": made.rule,
        "notes": list(made.notes),
        "against_the_best_member": pairs.to_json()["pairs"][0],
        "curve": None if made.curve is None else made.curve.to_json(),
    }


def _write(made: Made, found: dict[str, Any], out: Path) -> list[Path]:
    """Write the JSON, and a cascade's figure; each beside and renamed."""
    from valence.verbs._cascade_figure import draw

    out.mkdir(parents=True, exist_ok=True)
    contents = {"json": (json.dumps(found, indent=2) + "\n").encode()}
    if made.curve is not None:
        names = (made.members[0].preset, made.members[1].preset)
        contents["png"] = draw(made.curve, names, f"{made.record.data}, {made.record.n_scored:,} texts of {made.record.score_on}")
    return write_all(out, made.record.id, contents)


def write_all(out: Path, run: str, contents: dict[str, bytes]) -> list[Path]:
    """Write `<out>/<run>.<ending>` for each ending, beside and renamed, and return the paths."""
    paths = []
    for ending, content in contents.items():
        path = out / f"{run}.{ending}"
        beside = path.with_name(path.name + ".part")
        beside.write_bytes(content)
        beside.replace(path)
        paths.append(path)
    return paths


def _print(made: Made, pairs: Pairs) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from valence.report.table import percent, quantity

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, side in (("Run", "left"), ("Accuracy %", "right"), ("Log loss", "right"), ("ECE %", "right"), ("Texts/s", "right")):
        table.add_column(heading, justify=side, overflow="fold")  # type: ignore[arg-type]
    for record in (*made.members, made.record):
        m = record.metrics
        cells = percent(m["accuracy"]), f"{m['log_loss']:.4f}", percent(m["ece"]), quantity(record.cost.texts_per_second)
        table.add_row(Text(f"{record.preset} (seed {record.seed})"), *cells, style="bold" if record is made.record else "")
    console = Console(highlight=False)
    console.print(table)
    for line in (f"Kept as {made.record.id}", *_sentences(made), *_against(made, pairs), *(f"Note: {note}." for note in made.notes)):
        console.print(line, markup=False, soft_wrap=True)


def _sentences(made: Made) -> list[str]:
    learned = f"Learned on {made.held_out:,} texts that no member was fitted on: " if made.held_out else "Nothing was learned: "
    if made.curve is None:
        numbers = "; ".join(f"{name} {_numbers(values)}" for name, values in made.rule.items())
        return [f"{learned}{numbers}."]
    chosen, price = made.curve.chosen, made.curve.price
    cost = "unknown, for want of a speed" if chosen.cost is None else f"{chosen.cost:.3f} of the second's (the first alone: {price:.3f})"
    return [
        f"{learned}confidence {chosen.threshold:.4f} and below is passed on: {100 * chosen.share:.1f} % of the scored texts.",
        f"Mean time per text, by the texts_per_second of the records: {cost}.",
    ]


def _numbers(values: Any) -> str:  # noqa: ANN401 - a number, or lists of them
    return ", ".join(_numbers(v) for v in values) if isinstance(values, list) else f"{values:.3f}"


def _against(made: Made, pairs: Pairs) -> list[str]:
    from valence.report.table import p_value, points

    first, second, test = pairs.pairs[0]
    sign = 1 if pairs.sides[first].name == made.record.id else -1
    low, high = sorted((sign * test.low, sign * test.high))
    best = pairs.sides[second if sign == 1 else first].name
    interval = f"95 % interval {points(low)} to {points(high)}"
    return [f"Against the best member, {best}: {points(sign * test.difference)} points ({interval}, p {p_value(test.p)}, {test.test})."]

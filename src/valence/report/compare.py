"""Paired tests between chosen runs, from their predictions alone.

valence compare cnn--imdb--nall--s0--1f9c2a7b lstm--imdb--nall--s0--77aa01bc
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from valence.errors import BadData, BadSetting, Mismatch
from valence.evaluation.outcomes import Outcomes
from valence.evaluation.paired import Comparison, compare_pairs, tally
from valence.evaluation.uncertainty import Interval, accuracy_interval
from valence.report.markdown import escape, lines
from valence.report.reading import Reader, Reference
from valence.report.table import p_value, percent, points
from valence.store import RunRecord, RunStore

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("First", "Second", "Difference", "95 % interval", "Only first", "Only second", "p", "p, Holm", "Test")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the things compared: a run, or the runs of one experiment over several seeds."""

    name: str
    runs: tuple[str, ...]
    accuracy: Interval


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every pair of the sides, best first."""

    data: str
    score_on: str
    n: int
    """Texts, the same for all."""
    sides: tuple[Side, ...]
    """By accuracy, best first."""
    pairs: tuple[tuple[int, int, Comparison], ...]
    """Indices into `sides`, the better one first, and their comparison; Holm-adjusted over all pairs."""

    def table(self) -> RenderableType:
        """Return the comparison for a terminal of 80 columns and more."""
        return _on_terminal(self)

    def to_markdown(self) -> str:
        """Return the sides and their comparisons as Markdown."""
        sides = [
            (escape(s.name), percent(s.accuracy.value), f"{percent(s.accuracy.low)} to {percent(s.accuracy.high)}") for s in self.sides
        ]
        tests = [tuple(escape(cell) for cell in row) for row in _cells(self)]
        top = lines(("Run", "Accuracy %", "95 % interval"), (False, True, False), sides)
        return "\n".join([_heading(self), "", *top, "", *lines(HEADINGS, (False, False, *[True] * 6, False), tests)]) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Return the sides and their comparisons as plain values; shares, not percentages."""
        sides = [asdict(side) for side in self.sides]
        pairs = [{"first": self.sides[a].name, "second": self.sides[b].name, **asdict(test)} for a, b, test in self.pairs]
        return {"data": self.data, "score_on": self.score_on, "n": self.n, "sides": sides, "pairs": pairs}


def compare(store: RunStore, names: Sequence[str], *, pool_seeds: bool = False) -> Pairs:
    """Compare two or more finished runs on the texts they share, which must be all of them, paired by id.

    Args:
        store: where the runs are.
        names: ids, or unambiguous beginnings of ids.
        pool_seeds: treat runs that differ by their seed only as one side; then the test covers the seeds too.

    Raises:
        UnknownName: no run is called so.
        BadSetting: fewer than two sides, or a run that did not finish.
        Mismatch: the runs were not scored on the same ids and labels.
    """
    records = [_finished(store, name) for name in dict.fromkeys(store.resolve(name) for name in names)]
    groups: dict[tuple[str, ...], list[tuple[RunRecord, Outcomes]]] = {}
    for record, outcomes in _outcomes(store, records):
        key = (record.group, record.preset) if pool_seeds else (record.id,)
        groups.setdefault(key, []).append((record, outcomes))
    if len(groups) < 2:
        raise BadSetting(f"A comparison needs at least two {'rows' if pool_seeds else 'runs'}; got {len(groups)}. Name another run.")
    found = [(_side(runs), tally(np.stack([o.correct for _, o in runs]))) for runs in groups.values()]
    found.sort(key=lambda item: (-item[0].accuracy.value, item[0].name))
    pairs = list(combinations(range(len(found)), 2))
    tests = compare_pairs([counted for _, counted in found], pairs)
    compared = tuple((a, b, test) for (a, b), test in zip(pairs, tests, strict=True))
    return Pairs(records[0].data, records[0].score_on, records[0].n_scored, tuple(side for side, _ in found), compared)


def _finished(store: RunStore, run_id: str) -> RunRecord:
    record = store.find(run_id)
    if record is None:
        raise BadSetting(f"{run_id} is gone from {store.folder}. Run it again.")
    if record.status != "ok":
        raise BadSetting(f"{run_id} cannot be compared: it is marked {record.status}. {record.error}")
    return record


def _outcomes(store: RunStore, records: Sequence[RunRecord]) -> list[tuple[RunRecord, Outcomes]]:
    if not records:
        return []
    first = records[0]
    common = Reference(first.ids_digest, first.labels, first.n_scored)
    for record in records[1:]:
        if (record.data, record.score_on) != (first.data, first.score_on):
            on, other = f"{record.data} {record.score_on}", f"{first.data} {first.score_on}"
            raise Mismatch(f"{record.id} was scored on {on}, {first.id} on {other}. Compare runs on the same texts.")
        reason = common.refuses(record) if record.ids_digest and first.ids_digest else None
        if reason:
            raise Mismatch(f"{record.id} cannot be compared with {first.id}. {reason}")
    found: list[tuple[RunRecord, Outcomes]] = []
    for record, outcomes in Reader(store).outcomes(records):
        if isinstance(outcomes, str):
            raise BadData(f"{record.id}: {outcomes}")
        found.append((record, outcomes))
    return found


def _side(runs: Sequence[tuple[RunRecord, Outcomes]]) -> Side:
    records = [record for record, _ in runs]
    first = records[0]
    name = first.id if len(runs) == 1 else f"{first.preset} ({len(runs)} seeds)"
    return Side(name, tuple(r.id for r in records), accuracy_interval(np.stack([o.correct for _, o in runs])))


def _cells(table: Pairs) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for a, b, test in table.pairs:
        interval = f"{points(test.low)} to {points(test.high)}"
        counts = f"{test.only_first:,}", f"{test.only_second:,}"
        ends = p_value(test.p), p_value(test.p_adjusted), test.test
        rows.append((table.sides[a].name, table.sides[b].name, points(test.difference), interval, *counts, *ends))
    return rows


def _ends(side: Side) -> str:
    return f"{percent(side.accuracy.low)} to {percent(side.accuracy.high)}"


def _heading(table: Pairs) -> str:
    return f"{table.data} {table.score_on}, {table.n:,} texts; differences in points"


def _on_terminal(table: Pairs) -> RenderableType:
    """Number the sides, then pair them by number, which fits where their names would not."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    sides = Table(title=_heading(table), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for heading, side in (("#", "right"), ("Run", "left"), ("Accuracy", "right"), ("95 % interval", "right")):
        sides.add_column(heading, justify=side, overflow="fold")  # type: ignore[arg-type]
    for i, s in enumerate(table.sides, start=1):
        sides.add_row(str(i), Text(s.name), percent(s.accuracy.value), _ends(s))
    tests = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Pair", "Points", "95 % interval", "Only 1st", "Only 2nd", "p", "Holm"):
        tests.add_column(heading, justify="right", no_wrap=True)
    for (a, b, test), row in zip(table.pairs, _cells(table), strict=True):
        tests.add_row(f"{a + 1}-{b + 1}", *row[2:8], style="bold" if test.p_adjusted < 0.05 else "")
    used = ", ".join(sorted({test.test for _, _, test in table.pairs}))
    return Group(
        sides,
        tests,
        Text(f"{used}. Only 1st: texts that the first of the pair got right and the second did not. Holm: p over all pairs.", style="dim"),
    )

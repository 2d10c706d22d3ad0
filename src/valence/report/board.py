"""The board: every finished run on one data set, grouped over seeds, ranked, with paired tests between neighbours.

board = build(RunStore("runs"), "imdb")
write(board, "board")          # imdb.md, imdb.csv, imdb.html, imdb-accuracy.png, imdb-cost.png, imdb-reliability.png, runs/<id>.html
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadSetting
from valence.evaluation.outcomes import Outcomes
from valence.evaluation.paired import compare_pairs
from valence.evaluation.pairwise import AllPairs, all_pairs
from valence.evaluation.pareto import undominated
from valence.report.beside import Beside, beside
from valence.report.curve import Curves
from valence.report.curve import build as build_curves
from valence.report.hardest import Mark
from valence.report.history import History, history
from valence.report.reading import Excluded, Reader, Reference, excluded, reference, select
from valence.report.rows import Row, ranks, row
from valence.store import RunRecord, RunStore

TOP = 16
"""Rows in the matrix of paired tests."""
WORKERS = 2
"""Threads that add rows up: most of that time is spent inside numpy, which lets them run side by side."""
ALPHA = 0.05
"""Level at which a difference is called one."""


@dataclass(frozen=True, slots=True)
class Board:
    """All that the table, the page and the figures show."""

    data: str
    score_on: str
    n: int
    """Scored texts."""
    labels: tuple[str, ...]
    rows: tuple[Row, ...]
    """By rank."""
    pairs: AllPairs
    """Of the first `TOP` rows, adjusted over the pairs among them."""
    unfinished: tuple[Excluded, ...]
    """Failed and interrupted runs."""
    refused: tuple[Excluded, ...]
    """Finished runs that cannot be compared with the rest."""
    texts: Mapping[str, str]
    """Texts to show by id; empty on a page that names reviews by id only."""
    curves: Curves | None = None
    """Accuracy against training texts, where there are runs of several sizes."""
    histories: Mapping[str, History] = field(default_factory=dict)
    """By run id, of ranked, failed and interrupted runs."""
    reports: Mapping[str, Beside] = field(default_factory=dict)
    """By run id, what calibrate and stress found."""
    marks: Mapping[tuple[str, str], Sequence[Mark]] = field(default_factory=dict)
    """By run and review id: the text with its words coloured, where an explanation was asked for."""
    siblings: tuple[str, ...] = ()
    """Names of the boards whose pages lie beside, this one among them."""

    @property
    def name(self) -> str:
        """What the files are called: the data set, with the split where it is not `test`."""
        return name_of(self.data, self.score_on)

    @property
    def tied_with_best(self) -> tuple[Row, ...]:
        """Rows among the first `TOP` whose difference from the best is not significant after adjustment."""
        return tuple(r for r, p in zip(self.rows[1:TOP], self.pairs.p_adjusted[0, 1:], strict=True) if p >= ALPHA) if self.rows else ()


def name_of(data: str, score_on: str) -> str:
    """Return what the files of a board are called."""
    return data if score_on == "test" else f"{data}-{score_on}"


def build(store: RunStore, data: str, *, score_on: str = "test", texts: Mapping[str, str] | None = None) -> Board:
    """Read the runs of a data set and rank them.

    Runs that differ by their seed only share a row. Texts are paired by id; a run on other ids or labels than most runs is
    refused, with the reason on the board. One run is in memory at a time; of each row one byte per text is kept.

    Args:
        store: the runs.
        data: the data set's name as records carry it.
        score_on: the split whose runs are ranked.
        texts: text by id, for a page that shows what was got wrong; without it reviews are named by id.

    Raises:
        UnknownName: the store has no run on this data set and split; the ones it has are named.
    """
    finished, unfinished = select(store, data, score_on)
    common = reference(finished) if finished else Reference("", (), 0)
    reasons = {r.id: common.refuses(r) for r in finished}
    refused = [excluded(r, "refused", reason) for r in finished if (reason := reasons[r.id])]
    reports = {r.id: beside(store, r.id) for r in finished}
    rows, broken = _rows(Reader(store), [r for r in finished if not reasons[r.id]], reports)
    ranked = _ranked(_with_missing(rows, [*unfinished, *refused, *broken]))
    return Board(
        data=data,
        score_on=score_on,
        n=common.n,
        labels=common.labels,
        rows=ranked,
        pairs=all_pairs([r.tally for r in ranked[:TOP]]),
        unfinished=tuple(unfinished),
        refused=(*refused, *broken),
        texts={} if texts is None else {name: texts[name] for name in _named(ranked) if name in texts},
        curves=_curves(store, data, score_on, finished),
        histories={name: history(store.history(name)) for name in [r.id for r in finished] + [e.run for e in unfinished]},
        reports=reports,
    )


def _named(rows: Sequence[Row]) -> set[str]:
    """Return the ids of all reviews that pages name."""
    return {w.id for r in rows for wrong in (r.wrong, *(run.wrong for run in r.runs)) for w in wrong}


def _curves(store: RunStore, data: str, score_on: str, finished: Sequence[RunRecord]) -> Curves | None:
    """Return the learning curves; None where no preset was run on two sizes."""
    sizes: dict[str, set[int | None]] = defaultdict(set)
    for record in finished:
        sizes[record.preset].add(record.n_train)
    try:
        found = build_curves(store, data, score_on=score_on) if any(len(each) > 1 for each in sizes.values()) else None
    except BadSetting:  # two sizes of one name with other settings make no curve
        return None
    return found if found is not None and not all(c.flat for c in found.curves) else None


def _key(record: RunRecord) -> tuple[str, str]:
    return record.group, record.preset


def _rows(reader: Reader, records: Sequence[RunRecord], reports: Mapping[str, Beside]) -> tuple[list[Row], list[Excluded]]:
    """Read the runs row by row and add each row up in a thread; only the rows in work hold predictions."""
    groups: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in records:
        groups[_key(record)].append(record)
    ordered = [record for group in groups.values() for record in group]
    temperatures = {name: found.calibration.temperature for name, found in reports.items() if found.calibration is not None}
    rows: list[Future[Row]] = []
    broken: list[Excluded] = []
    held: list[tuple[RunRecord, Outcomes]] = []
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        for position, (record, outcomes) in enumerate(reader.outcomes(ordered)):
            if isinstance(outcomes, str):
                broken.append(excluded(record, "refused", outcomes))
            else:
                held.append((record, outcomes))
            if held and (position + 1 == len(ordered) or _key(ordered[position + 1]) != _key(record)):
                if len(rows) >= WORKERS:
                    rows[-WORKERS].result()  # so that reading never runs ahead of counting
                rows.append(pool.submit(row, held, reader.ids, temperatures))
                held = []
    return [future.result() for future in rows], broken


def _with_missing(rows: list[Row], gone: Sequence[Excluded]) -> list[Row]:
    """Note on each row how many of its runs are not counted in it."""
    lost: dict[tuple[str, str], int] = defaultdict(int)
    for run in gone:
        lost[_key(run.record)] += 1
    return [replace(r, missing=lost[_key(r.first)]) for r in rows]


def _ranked(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Sort by accuracy, number the rows, test each against the next (Holm over these tests), mark the Pareto front."""
    ordered = sorted(rows, key=lambda r: (-r.accuracy, r.first.preset, r.size, r.first.group))
    tests = compare_pairs([r.tally for r in ordered], [(i, i + 1) for i in range(len(ordered) - 1)])
    p = [*(test.p_adjusted for test in tests), None][: len(ordered)]
    front = _front(ordered)
    return tuple(
        replace(r, rank=rank, better_than_next_p=q, pareto=bool(on))
        for r, rank, q, on in zip(ordered, ranks(r.accuracy for r in ordered), p, front, strict=True)
    )


def _front(rows: Sequence[Row]) -> NDArray[np.bool_]:
    """Mark the rows on the front among those measured on the same device: seconds on two devices cannot be compared."""
    front = np.zeros(len(rows), dtype=np.bool_)
    devices = np.array([r.device for r in rows])
    for device in sorted(set(devices)):
        index = np.flatnonzero(devices == device)
        costs = [[np.nan if v is None else v for v in (rows[i].fit_seconds, rows[i].texts_per_second)] for i in index.tolist()]
        seconds, speed = np.array(costs, dtype=float).T
        front[index] = undominated([rows[i].accuracy for i in index.tolist()], seconds, speed)
    return front


def write(board: Board, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the board as Markdown, CSV, HTML and PNGs and a page per run, each beside and renamed, and return the paths.

    A board without ranked rows gets no figures.
    """
    from valence.report import figures, markdown, table
    from valence.report.page import render as page
    from valence.report.run_page import pages

    place = Path(folder)
    (place / "runs").mkdir(parents=True, exist_ok=True)
    named: list[tuple[str, bytes]] = [
        (f"{board.name}.md", markdown.render(board).encode()),
        (f"{board.name}.csv", table.csv_text(board).encode()),
        (f"{board.name}.html", page(board).encode()),
    ]
    if board.rows:
        named += [(f"{board.name}-{kind}.png", png) for kind, png in figures.draw_all(board).items()]
    named += [(f"runs/{name}.html", text.encode()) for name, text in pages(board)]
    return [_replace(place / name, content) for name, content in named]


def _replace(path: Path, content: bytes) -> Path:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)
    return path

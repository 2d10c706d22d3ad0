"""Which runs belong on one board, and their predictions, one run at a time and paired by id."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadData, Mismatch, UnknownName
from valence.evaluation.outcomes import Outcomes, grade, names_a_label
from valence.store import RunRecord, RunStore, Scored, align, ids_digest

AHEAD = 2
"""Runs read while another is being counted: the disk and the decompression never wait, and memory stays flat."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A run that is not ranked."""

    run: str
    preset: str
    seed: int
    status: str
    """`failed`, `interrupted`, or `refused` where it cannot be compared with the rest."""
    reason: str
    """One line."""
    record: RunRecord
    """Of the run."""

    @property
    def command(self) -> str:
        """What runs it again."""
        return self.record.command


@dataclass(frozen=True, slots=True)
class Reference:
    """The texts that all runs of a board share."""

    digest: str
    labels: tuple[str, ...]
    """Label names."""
    n: int
    """Texts."""

    def refuses(self, record: RunRecord) -> str | None:
        """Say why a run cannot be compared, None when it can."""
        if record.labels != self.labels:
            return f"Its labels are {', '.join(record.labels)}; the others' are {', '.join(self.labels)}."
        if record.ids_digest != self.digest:
            how = "with other ids or labels" if record.n_scored == self.n else f"not the {self.n:,} of the others"
            return f"It was scored on {record.n_scored:,} texts, {how}, so that they cannot be paired."
        return None


def excluded(record: RunRecord, status: str, reason: str) -> Excluded:
    """Name a run that is not ranked, and why."""
    return Excluded(record.id, record.preset, record.seed, status, reason, record)


def select(store: RunStore, data: str, score_on: str) -> tuple[list[RunRecord], list[Excluded]]:
    """Return the finished runs of a data set and split, and those that never finished.

    Raises:
        UnknownName: the store has no run on this data set and split; the ones it has are named.
    """
    known, finished, unfinished = set(), [], []
    for record in store.records():
        known.add(record.data if record.score_on == "test" else f"{record.data} ({record.score_on})")
        if (record.data, record.score_on) != (data, score_on):
            continue
        if record.status == "ok":
            finished.append(record if record.ids_digest else _with_digest(store, record))
        else:
            unfinished.append(excluded(record, record.status, record.error or "No reason was recorded."))
    if not finished and not unfinished:
        raise UnknownName("board", data if score_on == "test" else f"{data} ({score_on})", known)
    return finished, unfinished


def _with_digest(store: RunStore, record: RunRecord) -> RunRecord:
    try:
        scored = store.predictions(record.id)
    except BadData:
        return record
    return record.model_copy(update={"ids_digest": ids_digest(scored.ids, scored.labels), "n_scored": len(scored.ids)})


def reference(records: Sequence[RunRecord]) -> Reference:
    """Return the texts that most runs share; on a tie the larger set of texts, then the run that comes first."""
    votes = Counter((r.ids_digest, r.labels, r.n_scored) for r in records)
    digest, labels, n = max(votes, key=lambda key: (votes[key], key[2]))
    return Reference(digest, labels, n)


@dataclass(slots=True)
class Reader:
    """Reads runs in turn, each aligned to the first one's ids."""

    store: RunStore
    ids: tuple[str, ...] = ()
    """Of the board's texts, in the order of the first run that was read."""
    labels: NDArray[np.int64] | None = None
    """(n,) their true labels."""

    def outcomes(self, records: Sequence[RunRecord]) -> Iterator[tuple[RunRecord, Outcomes | str]]:
        """Yield each run with its outcomes, or with the reason why they cannot be used."""
        waiting: deque[tuple[RunRecord, Future[Scored]]] = deque()
        with ThreadPoolExecutor(max_workers=1) as pool:
            for record in records:
                waiting.append((record, pool.submit(self.store.predictions, record.id)))
                if len(waiting) > AHEAD:
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)

    def _next(self, waiting: deque[tuple[RunRecord, Future[Scored]]]) -> tuple[RunRecord, Outcomes | str]:
        record, future = waiting.popleft()
        try:
            return record, self._graded(record, future.result())
        except (BadData, Mismatch) as error:
            return record, str(error)

    def _graded(self, record: RunRecord, scored: Scored) -> Outcomes | str:
        if self.labels is None:
            self.ids, self.labels = scored.ids, scored.labels
        scored = align(scored, self.ids)
        if not np.array_equal(scored.labels, self.labels):
            return "Its predictions carry other true labels than the others' for the same ids."
        responses = scored.predictions.responses
        graded = grade(
            self.labels, scored.predictions.probabilities, None if responses is None else names_a_label(responses, record.labels)
        )
        said, found = record.metrics.get("accuracy"), float(graded.correct.mean())
        if responses is None and said is not None and abs(said - found) > 1e-6:
            return f"Its record says accuracy {said:.4f}, its predictions say {found:.4f}. Run it again."
        return graded

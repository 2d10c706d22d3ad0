"""A folder of Parquet files through Ray Data: row groups to actors that opened the run once, answers back in their order.

An actor reads a row group by itself, so that no text travels; what comes back are ids and probabilities, which the driver
writes in the files' order. A row group whose actor is lost is read again by another; the rows are counted at the end.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valence.cluster.connection import connect
from valence.cluster.surroundings import Surroundings
from valence.data.stream import Part, read_part
from valence.errors import BadData, FailedRun, ValenceError
from valence.store import RunStore
from valence.types import Predictions

WRONG = -1
"""The part of a row that holds, for an id, what was wrong with a file."""


@dataclass(frozen=True, slots=True)
class Question:
    """What every actor has to know."""

    run: str
    """A run's id, the beginning of it, or an exported folder."""
    store: Path
    device: str = "auto"
    text_column: str | None = None
    id_column: str | None = None
    chunk: int = 1000
    """Texts predicted at a time."""
    surroundings: Surroundings = field(default_factory=Surroundings)


@dataclass(frozen=True, slots=True)
class Answers:
    """Predictions of some rows of a file, in its order."""

    file: Path
    ids: tuple[str, ...]
    predictions: Predictions


def predict_on_ray(
    question: Question, parts: Sequence[Part], address: str, *, cpus: float = 1.0, gpus: float | None = None
) -> Iterator[Answers]:
    """Yield the predictions of every part, in the order of `parts`.

    Args:
        question: the run and how to read the files.
        parts: what to predict; every machine must see the files, and the store, at the same paths.
        address: as in `connection.connect`.
        cpus: cores of each actor.
        gpus: accelerators of each actor; one where the cluster has any when not given.

    Raises:
        MissingPackage: Ray is not installed.
        BadSetting: no cluster answers.
        BadData: a row cannot be read.
        FailedRun: an actor failed, or rows are missing.
    """
    with connect(address) as ray:
        found = _stream(ray, question, parts, cpus, gpus)
        done = 0
        try:
            for table in found.iter_batches(batch_size=None, batch_format="pyarrow"):
                for answers in _parted(table, parts):
                    done += len(answers.ids)
                    yield answers
        except ValenceError:
            raise
        except Exception as error:
            reason = str(error).strip().splitlines() or [""]
            raise FailedRun(f"The cluster failed: {type(error).__name__}: {reason[-1][:200]}") from None
    expected = sum(part.rows for part in parts)
    if done != expected:
        raise FailedRun(f"{done:,} of {expected:,} rows came back from the cluster. Run the command again.")


def _stream(ray: Any, question: Question, parts: Sequence[Part], cpus: float, gpus: float | None) -> Any:  # noqa: ANN401 - there only when asked for
    import ray.data as ray_data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray_data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    has = ray.cluster_resources()
    gpus = float(has.get("GPU", 0) > 0) if gpus is None else gpus
    room = min([has.get("CPU", 1) // cpus, *([has.get("GPU", 0) // gpus] if gpus else [])])
    pool = ray_data.ActorPoolStrategy(min_size=1, max_size=int(max(1, min(room, len(parts)))))
    rows = [{"part": i, "path": str(p.path), "group": p.group, "before": p.before, "rows": p.rows} for i, p in enumerate(parts)]
    return ray_data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        _actor(question),
        batch_size=1,
        batch_format="numpy",
        compute=pool,
        num_cpus=cpus,
        num_gpus=gpus or None,
    )


def _actor(question: Question) -> type[_Actor]:
    """Return the actor with its question inside: as an argument Ray would keep it where a restart may not find it."""

    class Asked(_Actor):
        def __init__(self) -> None:
            super().__init__(question)

    return Asked


class _Actor:
    """Opens the run once and answers row groups."""

    def __init__(self, question: Question) -> None:
        from valence.export.opening import open_classifier

        question.surroundings.settle()
        self._question = question
        self._classifier, _ = open_classifier(question.run, RunStore(question.store), device=question.device)

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for number, path, group, before, rows in zip(*(batch[k] for k in ("part", "path", "group", "before", "rows")), strict=True):
            try:
                yield from self._answer(int(number), Part(Path(str(path)), int(group), int(before), int(rows)))
            except ValenceError as error:  # told as a row: raised, Ray would try again and bury it in its own
                yield _block(WRONG, [str(error)], self._classifier.predict(("",)).probabilities)

    def _answer(self, number: int, part: Part) -> Iterator[dict[str, Any]]:
        q = self._question
        for chunk in read_part(part, text_column=q.text_column, id_column=q.id_column, chunk=q.chunk):
            yield _block(number, chunk.ids, self._classifier.predict(chunk.texts).probabilities)


def _block(number: int, ids: Sequence[str], p: NDArray[np.float32]) -> dict[str, Any]:
    columns = {f"p_{i}": column for i, column in enumerate(p.T)}
    return {"part": np.full(len(ids), number), "id": np.array(ids, dtype=object), **columns}


def _parted(table: Any, parts: Sequence[Part]) -> Iterator[Answers]:  # noqa: ANN401
    """Cut a block where the part changes; Ray Data may join the answers of several parts.

    Raises:
        BadData: a row could not be read.
    """
    number = table["part"].to_numpy()
    p = np.stack([table[name].to_numpy() for name in table.column_names if name.startswith("p_")], axis=1)
    ids = table["id"].to_pylist()
    ends = [*np.flatnonzero(np.diff(number)) + 1, len(number)]
    for start, end in zip([0, *ends], ends, strict=False):
        if number[start] == WRONG:
            raise BadData(ids[start])
        yield Answers(parts[int(number[start])].path, tuple(ids[start:end]), Predictions(p[start:end].astype(np.float32, copy=False)))


__all__ = ["Answers", "Question", "predict_on_ray"]

"""A folder of runs. A run is whole or absent: it is written beside and renamed, and two processes may share a store.

runs/lora--imdb--nall--s0--1f9c2a7b/
  record.json          what was asked, what came out, what it cost
  predictions.parquet  id, label, p_0 ... p_k, response
  history.jsonl        step, training loss, valid metrics
  model/               what Classifier.save wrote
runs/.work/<id>/       checkpoints of a run that is not finished; a rerun goes on from them
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from filelock import BaseFileLock, FileLock
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from valence.errors import BadData, BadSetting, Mismatch, UnknownName
from valence.types import Predictions, Settings

if TYPE_CHECKING:
    import polars as pl

SCHEMA_VERSION = 1


class Cost(Settings):
    """What a run took."""

    fit_seconds: float | None = None
    """Wall time of the fit, a resumed one's earlier parts included."""
    predict_seconds: float | None = None
    """Wall time of predicting the scored split."""
    texts_per_second: float | None = None
    """Scored texts over `predict_seconds`."""
    trainable_parameters: int | None = None
    """Numbers learned from the labelled texts."""
    total_parameters: int | None = None
    """Numbers the classifier holds."""
    peak_memory_bytes: int | None = None
    """Largest resident memory of the process on a CPU, of the device's allocator on an accelerator."""
    size_bytes: int | None = None
    """Size of the saved model."""


class Provenance(Settings):
    """Where a run came from."""

    commit: str = ""
    """Git commit of the code; empty outside a checkout."""
    dirty: bool = False
    """Whether the checkout held uncommitted changes."""
    data_digest: str = ""
    """Of ids, texts and labels of the data set."""
    weights: str = ""
    """Name of the pretrained weights that were really loaded."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Of Python and of the libraries that were loaded."""
    device: str = ""
    """Name of the processor or accelerator that did the work."""


class RunRecord(Settings):
    """The facts of a run. Intervals and ranks are not facts: reports derive them from the predictions."""

    schema_version: int = SCHEMA_VERSION
    """Raised when a field changes its meaning."""
    id: str
    """The folder's name."""
    group: str
    """Shared by the runs that differ by their seed only."""
    preset: str
    """The preset's name, else the method's, else the name given to outside predictions."""
    method: str
    """The method's name; empty for outside predictions."""
    backbone: str = ""
    """Pretrained weights the method starts from; empty when there are none."""
    data: str
    """The data set's name."""
    n_train: int | None
    """Labelled texts used; None for all."""
    seed: int
    """Of the run."""
    score_on: str = "test"
    """The split that was scored."""
    experiment: dict[str, Any]
    """The experiment in full, defaults included; empty for outside predictions."""
    command: str = ""
    """The command line that runs it again."""
    status: Literal["ok", "failed", "interrupted"]
    """Only `ok` ranks."""
    error: str = ""
    """Why it failed, one line."""
    labels: tuple[str, ...]
    """Label names; column p_i is the probability of label i."""
    n_scored: int = 0
    """How many texts were scored."""
    ids_digest: str = ""
    """Of the scored ids and their labels in sorted order: runs with one digest can be compared."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """Of the scored split, by name."""
    cost: Cost = Field(default_factory=Cost)
    """What it took."""
    provenance: Provenance = Field(default_factory=Provenance)
    """Where it came from."""
    seed_accuracy: float | None = None
    """The figure the original document gives for this row, where it gives one."""
    finished: str = ""
    """When, in UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Predictions beside what they are compared with."""

    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    """(n,) the true labels."""
    predictions: Predictions


def ids_digest(ids: Sequence[str], labels: NDArray[np.int64]) -> str:
    """Return a digest of ids and labels, whatever their order."""
    pairs = sorted(zip(ids, labels.tolist(), strict=True))
    return hashlib.blake2b("\n".join(f"{i}\t{y}" for i, y in pairs).encode(), digest_size=8).hexdigest()


class RunStore:
    """The runs in one folder."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    # ------------------------------------------------------------ reading

    def ids(self) -> list[str]:
        """Return the names of all runs, sorted."""
        self._recover()
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if not p.name.startswith(".") and (p / "record.json").exists())

    def path(self, run_id: str) -> Path:
        """Return the folder of a run, whether it is there or not."""
        return self.folder / run_id

    def find(self, run_id: str) -> RunRecord | None:
        """Return the record of a run, None when there is no such run."""
        self._recover()
        try:
            text = (self.path(run_id) / "record.json").read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        return self._parsed(run_id, text)

    def _parsed(self, run_id: str, text: str) -> RunRecord:
        try:
            return RunRecord.model_validate_json(text)
        except ValueError as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            where = self.path(run_id)
            raise BadData(f"{where / 'record.json'} is not a run record: {reason}. Remove the folder {where}, and run it again.") from None

    def resolve(self, name: str) -> str:
        """Return the id meant by an id, the path of a run folder, or the beginning of one id only.

        Raises:
            UnknownName: nothing matches; runs that have the name further inside are named first.
            BadSetting: several runs match, or there is no store.
        """
        name = Path(name).name if "/" in name or "\\" in name else name
        known = self.ids()
        if name in known:
            return name
        matches = [i for i in known if i.startswith(name)]
        if len(matches) > 1:
            listed = ", ".join(matches[:8]) + (", …" if len(matches) > 8 else "")
            raise BadSetting(f"{len(matches)} runs begin with {name!r}: {listed}. Give more of the one that is meant.")
        if not matches and not self.folder.is_dir():
            where = f"there is no folder {self.folder.as_posix()} in {Path.cwd().as_posix()}"
            raise BadSetting(f"No run {name!r}: {where}. Run something first, or name the folder of the runs with --store.")
        if not matches:
            raise UnknownName("run", name, [i for i in known if name in i] or known)
        return matches[0]

    def records(self) -> Iterator[RunRecord]:
        """Yield the record of every run, by id."""
        for run_id in self.ids():
            record = self.find(run_id)
            if record is not None:
                yield record

    def frame(self) -> pl.DataFrame:
        """Return one row per run: the record's plain fields, its metrics and its cost. Imports no method and no torch."""
        import polars as pl

        plain = [f for f in RunRecord.model_fields if f not in {"experiment", "labels", "metrics", "cost", "provenance"}]
        rows = [
            {**{f: getattr(r, f) for f in plain}, **r.metrics, **r.cost.model_dump(), "device": r.provenance.device} for r in self.records()
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def predictions(self, run_id: str) -> Scored:
        """Read a run's predictions.

        Raises:
            BadData: the file is missing or broken.
        """
        import polars as pl

        path = self.path(run_id) / "predictions.parquet"
        try:
            table = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = "it is not there" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0].rstrip(".")
            raise BadData(f"{path} cannot be read: {reason}. Run it again with --again.") from None
        p = table.select(pl.col("^p_[0-9]+$").cast(pl.Float32)).to_numpy()
        responses = tuple(table["response"].to_list()) if "response" in table.columns else None
        return Scored(tuple(table["id"].to_list()), table["label"].to_numpy().astype(np.int64), Predictions(p, responses))

    def history(self, run_id: str) -> list[dict[str, float]]:
        """Return the rows of a run's history, none when it kept none."""
        path = self.path(run_id) / "history.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    # ------------------------------------------------------------ writing

    def lock(self, run_id: str) -> BaseFileLock:
        """Return the lock that keeps two processes from working on one run; the system frees it when a process dies."""
        folder = self._hidden(".locks")
        return FileLock(folder / f"{run_id}.lock")

    def work(self, run_id: str) -> Path:
        """Return the folder where an unfinished run keeps its checkpoints and history; made when missing."""
        return self._hidden(".work", run_id)

    def save(self, record: RunRecord, scored: Scored | None = None, save_model: Callable[[Path], None] | None = None) -> RunRecord:
        """Write a run beside and rename it into place, replacing an earlier one; its work folder is dropped when it is `ok`.

        Returns the record as written: its `size_bytes` is known only now.
        """
        work, new = self.work(record.id), self._hidden(".new") / f"{record.id}.{uuid.uuid4().hex[:8]}"
        new.mkdir()
        try:
            if save_model is not None:
                (new / "model").mkdir()
                save_model(new / "model")
                size = sum(f.stat().st_size for f in (new / "model").rglob("*") if f.is_file())
                record = record.model_copy(update={"cost": record.cost.model_copy(update={"size_bytes": size})})
            if scored is not None:
                write_predictions(new / "predictions.parquet", scored)
            if (work / "history.jsonl").exists():
                shutil.copy2(work / "history.jsonl", new / "history.jsonl")
            (new / "record.json").write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
            self._swap(new, record.id)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        if record.status == "ok":
            shutil.rmtree(work, ignore_errors=True)
        return record

    def _swap(self, new: Path, run_id: str) -> None:
        target, old = self.path(run_id), self._hidden(".old") / run_id
        with FileLock(self._hidden(".locks") / "swap.lock"):
            shutil.rmtree(old, ignore_errors=True)
            if target.exists():
                target.rename(old)
            new.rename(target)
            shutil.rmtree(old, ignore_errors=True)

    def _recover(self) -> None:
        """Put back a run whose replacement was killed between the two renames."""
        old = self.folder / ".old"
        if not old.is_dir() or not any(old.iterdir()):
            return
        with FileLock(self._hidden(".locks") / "swap.lock"):
            for left in old.iterdir():
                if (self.folder / left.name).exists():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.rename(self.folder / left.name)

    def _hidden(self, *names: str) -> Path:
        folder = self.folder.joinpath(*names)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadSetting(f"No runs can be kept in {self.folder}: {error.strerror}. Name another folder with --store.") from None
        return folder


def write_predictions(path: Path, scored: Scored) -> None:
    """Write ids, labels, probabilities and responses as zstd-compressed Parquet."""
    import polars as pl

    p = scored.predictions.probabilities
    columns: dict[str, Any] = {"id": scored.ids, "label": scored.labels.astype(np.int8 if p.shape[1] < 128 else np.int64)}
    columns |= {f"p_{i}": p[:, i] for i in range(p.shape[1])}
    if scored.predictions.responses is not None:
        columns["response"] = scored.predictions.responses
    pl.DataFrame(columns).write_parquet(path, compression="zstd", compression_level=9)


def align(scored: Scored, ids: tuple[str, ...]) -> Scored:
    """Return the same predictions in the order of `ids`.

    Raises:
        Mismatch: the ids are not the same set.
    """
    if scored.ids == ids:
        return scored
    position = {name: i for i, name in enumerate(scored.ids)}
    missing = sum(name not in position for name in ids)
    if missing or len(position) != len(ids):
        extra = len(position) - (len(ids) - missing)
        raise Mismatch(f"The predictions are not of the same texts: {missing} ids are missing, {extra} are unknown. Nothing was compared.")
    order = np.fromiter((position[name] for name in ids), dtype=np.intp, count=len(ids))
    responses = scored.predictions.responses
    return Scored(
        ids,
        scored.labels[order],
        Predictions(scored.predictions.probabilities[order], None if responses is None else tuple(responses[i] for i in order)),
    )

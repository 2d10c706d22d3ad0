"""`run(experiment, store)`: the only place where data, methods, evaluation and store meet.

It reads the data, takes the sample, holds out `valid`, fits, predicts the scored split, checks the predictions and
writes the run. A method never sees the scored split before it predicts it.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError

from valence import data
from valence.data._labels import doubtful_labels
from valence.errors import BadData, BadSetting, FailedRun, ValenceError
from valence.evaluation import metrics
from valence.evaluation.outcomes import names_a_label
from valence.experiment import Experiment, about, flat
from valence.machine import PeakMemory, commit, device_name, versions
from valence.store import Cost, Provenance, RunRecord, RunStore, Scored, ids_digest
from valence.types import Classifier, Corpus, Journal, Size, Split, Task

SEEDS = 2**32
"""Seeds are below this, the range NumPy and PyTorch share."""


class Screen(Protocol):
    """What a run shows while it works."""

    def say(self, text: str) -> None:
        """Show one line that stays."""

    def progress(self, done: float, total: float, note: str) -> None:
        """Show how far the present step is."""


class RunJournal(Journal):
    """Keeps the history and the checkpoints of one run in its work folder, and passes progress on to the screen."""

    def __init__(self, folder: Path, screen: Screen | None) -> None:
        self.folder = folder / "checkpoints"
        self.folder.mkdir(exist_ok=True)
        self._history = folder / "history.jsonl"
        self._seconds = folder / "seconds.json"
        self._screen = screen
        self._started = time.perf_counter()
        self._before = json.loads(self._seconds.read_text()) if self._seconds.exists() else 0.0

    def log(self, step: int, **values: float) -> None:
        """Append a row; rows of this step or later, left by a killed run that resumed before them, are dropped."""
        rows = self._history.read_text(encoding="utf-8").splitlines() if self._history.exists() else []
        kept = [row for row in rows if _step(row) < step]
        kept.append(json.dumps({"step": step, **values}))
        _replace(self._history, "\n".join(kept) + "\n")
        _replace(self._seconds, json.dumps(self.seconds))

    @property
    def seconds(self) -> float:
        """Wall time of the fit, with what a killed run had spent up to its last row of history."""
        return self._before + time.perf_counter() - self._started

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Pass on to the screen."""
        if self._screen is not None:
            self._screen.progress(done, total, note)


def _step(row: str) -> int:
    try:
        return int(json.loads(row)["step"])
    except (ValueError, KeyError):
        return SEEDS


def _replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


@dataclass(frozen=True, slots=True)
class Parts:
    """The texts of one run."""

    corpus: Corpus
    train: Split
    valid: Split
    scored: Split

    @property
    def unlabeled(self) -> tuple[str, ...]:
        """The data set's unlabelled texts, and without their labels the training texts that are not in the sample."""
        splits = self.corpus.splits
        drawn = {*self.train.ids, *self.valid.ids}
        held = {text for name in ("dev", "test") if name in splits for text in splits[name].texts}
        others = zip(splits["train"].ids, splits["train"].texts, strict=True)
        rest = [text for name, text in others if name not in drawn and text not in held]
        return (*(splits["unlabeled"].texts if "unlabeled" in splits else ()), *rest)


def prepare(experiment: Experiment) -> Parts:
    """Load the data and cut it: the sample of `n_train` texts, `valid` held out of it, and the split to be scored.

    Raises:
        WithheldLabels: the scored split has no labels.
        BadSetting: there is no such split, or there are fewer texts than asked for.
    """
    columns = {k: getattr(experiment, k) for k in ("text_column", "label_column", "id_column")}
    corpus = data.load(experiment.data, **columns)
    scored = corpus.splits.get(experiment.score_on)
    if scored is None or not len(scored):
        has = ", ".join(k for k in ("train", "dev", "test") if k in corpus.splits and len(corpus.splits[k]))
        raise BadSetting(f"{corpus.name} has no split {experiment.score_on!r} to score. It has: {has}.")
    data.require_labels(corpus, experiment.score_on)
    train, valid = experiment.budget(corpus.splits["train"])
    return Parts(corpus, train, valid, scored)


def run(experiment: Experiment, store: RunStore, *, again: bool = False, device: str = "auto", screen: Screen | None = None) -> RunRecord:
    """Run an experiment, or return its record when it is finished already and the data are the same.

    Args:
        experiment: what to run.
        store: where the run is kept.
        again: run it even if it is finished.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`; not part of what a run is.
        screen: shows lines and progress; nothing is shown without one.

    Returns:
        The record; its status is `ok`, or `failed` with the reason in `error`.

    Raises:
        ValenceError: the request cannot be carried out; nothing was written.
        KeyboardInterrupt: on Ctrl-C, after the run was marked `interrupted`; a rerun goes on from its last checkpoint.
    """
    if experiment.seed >= SEEDS:
        raise BadSetting(f"seed = {experiment.seed} is too large. It must be below {SEEDS}.")
    _check_device(device)
    parts = prepare(experiment)
    with store.lock(experiment.id):
        found = store.find(experiment.id)
        done = found is not None and found.status == "ok" and found.provenance.data_digest == parts.corpus.digest
        if found is not None and done and not again:
            return found
        if screen is not None:
            for doubt in doubtful_labels(_label_counts(parts.corpus)):
                screen.say(doubt)
        if again or (found is not None and found.status == "failed"):
            shutil.rmtree(store.work(experiment.id), ignore_errors=True)
        return _run_locked(experiment, parts, store, device, screen)


def follow(experiment: Experiment, device: str) -> None:
    """Compute for the `run` of the same experiment that another process leads; nothing is kept, shown or predicted.

    Raises:
        ValenceError: as `run`.
        Dismissed: the other process trains nothing (valence.training.parallel).
    """
    _check_device(device)
    parts, method = prepare(experiment), experiment.method
    unlabeled = parts.unlabeled if method.uses_unlabeled else ()
    method.fit(parts.train, parts.valid, Task(parts.corpus.labels, experiment.seed, unlabeled, device))


def _label_counts(corpus: Corpus) -> dict[str, int]:
    labels = np.concatenate([split.labels for name, split in corpus.splits.items() if name != "unlabeled"])
    return {name: int((labels == i).sum()) for i, name in enumerate(corpus.labels)}


def _check_device(name: str) -> None:
    """Refuse what is no device anywhere: a method that computes without torch asks for none and would pass over it."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?|mps", name):
        raise BadSetting(f"No device {name!r}. Known: auto, cpu, cuda, cuda:1, mps; `auto` takes the fastest that is here.")


def _run_locked(experiment: Experiment, parts: Parts, store: RunStore, device: str, screen: Screen | None) -> RunRecord:
    """Fit, predict, check and save; whatever happens, the store holds a whole run or the one it held before."""
    blank = _blank(experiment, parts)
    try:
        with PeakMemory() as memory:
            outcome = _fit_and_predict(experiment, parts, store.work(experiment.id), device, screen)
        cost = outcome.cost.model_copy(update={"peak_memory_bytes": memory.bytes(outcome.device)})
        # a classifier may know more of its weights than their name: that they were dequantised, say
        weights = str(getattr(outcome.classifier, "loaded", blank.provenance.weights))
        seen = {"device": device_name(outcome.device), "versions": versions(), "weights": weights}
        provenance = blank.provenance.model_copy(update=seen)
        record = blank.model_copy(update={"status": "ok", "metrics": outcome.metrics, "cost": cost, "provenance": provenance})
        return store.save(_stamped(record), outcome.scored, outcome.classifier.save)
    except KeyboardInterrupt as stop:
        _save_unfinished(store, blank.model_copy(update={"status": "interrupted", "error": str(stop) or "Stopped by Ctrl-C."}))
        raise
    except ValenceError as error:
        if not isinstance(error, FailedRun):
            raise
        failed = blank.model_copy(update={"status": "failed", "error": str(error)})
    except Exception as error:  # a method that breaks must not take a sweep with it
        reason = f"{type(error).__name__}: {str(error).strip() or 'no message'}".splitlines()[0]
        if type(error).__name__ == "OutOfMemoryError":
            reason = f"Too little memory is left on the device ({reason[:120]}). Give a smaller batch, or free it of other work."
        failed = blank.model_copy(update={"status": "failed", "error": reason})
        _write_traceback(store.work(experiment.id))
    return _save_unfinished(store, failed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fit and a prediction gave."""

    classifier: Classifier
    scored: Scored
    metrics: dict[str, float]
    cost: Cost
    device: str


def _fit_and_predict(experiment: Experiment, parts: Parts, work: Path, device: str, screen: Screen | None) -> Outcome:
    method, corpus = experiment.method, parts.corpus
    journal = RunJournal(work, screen)
    task = Task(corpus.labels, experiment.seed, parts.unlabeled if method.uses_unlabeled else (), device, journal)
    classifier = method.fit(parts.train, parts.valid, task)
    fit_seconds = journal.seconds
    if screen is not None:
        screen.progress(0, 1, f"predicting {len(parts.scored):,} texts")
    started = time.perf_counter()
    predictions = classifier.predict(parts.scored.texts)
    # answers that an interrupted run had asked for are not asked again: their time is added
    predict_seconds = time.perf_counter() - started + float(getattr(classifier, "earlier_seconds", 0.0))
    metrics.check_predictions(predictions.probabilities, len(corpus.labels))
    collapse = metrics.find_collapse(parts.scored.labels, predictions.probabilities)
    if collapse and method.learns and not method.constant_by_design:
        raise FailedRun(collapse)
    size: Size = classifier.size
    cost = Cost(
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        texts_per_second=len(parts.scored) / max(predict_seconds, 1e-9),
        trainable_parameters=size.trainable,
        total_parameters=size.total,
    )
    scored = Scored(parts.scored.ids, parts.scored.labels, predictions)
    valid = None if predictions.responses is None else names_a_label(predictions.responses, corpus.labels)
    figures = metrics.score(scored.labels, predictions.probabilities, valid)
    return Outcome(classifier, scored, figures, cost, str(getattr(classifier, "device", "cpu")))


def _blank(experiment: Experiment, parts: Parts) -> RunRecord:
    """Return the record of a run of which only the question is known."""
    method = experiment.method
    revision, dirty = commit()
    backbone = str(getattr(method, "backbone", ""))
    return RunRecord(
        id=experiment.id,
        group=experiment.group,
        preset=experiment.title,
        method=method.name(),
        backbone=backbone,
        data=experiment.data_title,
        n_train=experiment.n_train if experiment.per_class is None else len(parts.train) + len(parts.valid),
        seed=experiment.seed,
        score_on=experiment.score_on,
        experiment=experiment.model_dump(mode="json"),
        command=experiment.command(),
        status="interrupted",
        labels=parts.corpus.labels,
        n_scored=len(parts.scored),
        ids_digest=ids_digest(parts.scored.ids, parts.scored.labels),
        provenance=Provenance(commit=revision, dirty=dirty, data_digest=parts.corpus.digest, weights=backbone, versions=versions()),
        seed_accuracy=_original_accuracy(experiment),
    )


def _original_accuracy(experiment: Experiment) -> float | None:
    """Return the original document's figure, None where it is of other data or of more labels than this run's."""
    said = about(experiment.preset).get("seed_accuracy")
    if said is None or experiment.n_train is not None or experiment.per_class is not None:
        return None
    default = Experiment.model_fields["data"].default
    return float(said) if experiment.data == flat(experiment.preset).get("data", default) else None


def _stamped(record: RunRecord) -> RunRecord:
    return record.model_copy(update={"finished": datetime.now(UTC).isoformat(timespec="seconds")})


def _save_unfinished(store: RunStore, record: RunRecord) -> RunRecord:
    """Keep the reason, unless an earlier run of this name is whole: that one stays."""
    found = store.find(record.id)
    return record if found is not None and found.status == "ok" else store.save(_stamped(record))


def _write_traceback(work: Path) -> None:
    import traceback

    (work / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")


def load(run_id: str, store: RunStore, *, device: str = "auto") -> tuple[Classifier, RunRecord]:
    """Return the classifier of a finished run, and its record.

    Raises:
        UnknownName: no run is called so.
        BadSetting: the run is not finished, or holds no model, as outside predictions and committed runs do.
        BadData: the model's files are damaged, or of another version.
    """
    _check_device(device)
    run_id = store.resolve(run_id)
    record = store.find(run_id)
    folder = store.path(run_id) / "model"
    if record is not None and record.experiment and record.status != "ok":
        raise BadSetting(f"{run_id} is {record.status} and holds no model ({record.error.rstrip('.')}). Run it: {_command(record, store)}")
    if record is None or not record.experiment or not folder.is_dir():
        hint = f" Run it again with: {_command(record, store)}" if record is not None and record.command else ""
        raise BadSetting(f"{run_id} holds predictions but no model.{hint}")
    try:
        method = Experiment.model_validate(record.experiment).method
        return method.load(folder, Task(record.labels, record.seed, device=device)), record
    except (KeyError, ValidationError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        written = record.provenance.versions.get("valence", "?")
        raise BadData(
            f"{run_id} was written by another version of valence ({written}; {reason}). Run it again: {_command(record, store)}"
        ) from None
    except (OSError, ValueError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise BadData(f"The model of {run_id} cannot be read ({reason}). Run it again: {_command(record, store)}") from None


def _command(record: RunRecord, store: RunStore) -> str:
    """Return the command line that makes the run anew in this store; without --again a finished one is only shown."""
    again = " --again" if record.status == "ok" else ""
    elsewhere = "" if store.folder == Path("runs") else f" --store {shlex.quote(store.folder.as_posix())}"
    return f"{record.command}{again}{elsewhere}"

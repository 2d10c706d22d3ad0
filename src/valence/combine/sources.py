"""The texts that a run held out, and what it says about them without ever having been fitted on them.

A run's record says its seed, sample and held-out share, and so which texts are its valid part. A method that learns from
that part too, as the linear ones do, has nothing left that it has not seen: it is fitted once more, on the train part
alone, and this twin answers in its place. The saved model is used where it chose on valid but did not learn from it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from valence import runner
from valence.data.subsample import hold_out
from valence.errors import BadData, BadSetting, Mismatch
from valence.evaluation.metrics import check_predictions
from valence.experiment import Experiment
from valence.methods._combination import Combination
from valence.runner import Parts, Screen, prepare
from valence.store import RunRecord, RunStore
from valence.types import Classifier, Journal, Split, Task

ENOUGH = 100
"""Texts that runs with different valid parts must have held out in common."""
CHUNK = 500
"""Texts predicted between two steps of the progress bar."""


@dataclass(frozen=True, slots=True)
class Source:
    """A finished run, what it ran, and the texts it had."""

    record: RunRecord
    experiment: Experiment
    parts: Parts


def combines_runs(experiment: Experiment) -> bool:
    """Tell whether a run was made of other runs, by `valence combine`."""
    return isinstance(experiment.method, Combination) and "--" in experiment.method.members


def read_sources(store: RunStore, names: Sequence[str]) -> tuple[Source, ...]:
    """Return the finished runs of these names, each once, with their texts.

    Raises:
        UnknownName: no run is called so.
        BadSetting: a run did not finish, or holds outside predictions only.
        BadData: a record of another version.
        Mismatch: the data have changed since.
    """
    cut: dict[str, Parts] = {}
    found = []
    for run_id in dict.fromkeys(store.resolve(name) for name in names):
        record, experiment = _finished(store, run_id)
        texts = json.dumps(experiment.model_dump(mode="json", exclude={"method", "preset"}), sort_keys=True)
        if texts not in cut:
            cut[texts] = prepare(experiment)
        if cut[texts].corpus.digest != record.provenance.data_digest:
            raise Mismatch(f"The data {experiment.data} are not those that {run_id} was fitted on. Run it again: {record.command} --again")
        found.append(Source(record, experiment, cut[texts]))
    return tuple(found)


def _finished(store: RunStore, run_id: str) -> tuple[RunRecord, Experiment]:
    record = store.find(run_id)
    if record is None or record.status != "ok":
        raise BadSetting(f"{run_id} is not finished: {record.error or record.status if record else 'its record is gone'}. Run it again.")
    if not record.experiment:
        raise BadSetting(f"{run_id} holds outside predictions and no held-out texts. Only runs of `valence run` can be used here.")
    try:
        return record, Experiment.model_validate(record.experiment)
    except (KeyError, ValidationError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BadData(f"{run_id} was written by another version of valence ({reason}). Run it again: {record.command} --again") from None


def check_comparable(sources: Sequence[Source]) -> None:
    """Refuse runs that were not fitted on the same data and scored on the same texts.

    Raises:
        Mismatch: other data, another split, other labels or other texts.
    """
    first = sources[0].record
    for other in (source.record for source in sources[1:]):
        for what, of in (("data", _data), ("the split", lambda r: r.score_on), ("labels", lambda r: ", ".join(r.labels))):
            if of(first) != of(other):
                raise Mismatch(f"{first.id} and {other.id} differ in {what}: {of(first)} and {of(other)}. Combine runs on the same texts.")
        if first.ids_digest != other.ids_digest:
            raise Mismatch(f"{first.id} and {other.id} were scored on other texts. Combine runs on the same texts.")


def _data(record: RunRecord) -> str:
    return f"{record.data} ({record.provenance.data_digest})"


def unseen(sources: Sequence[Source]) -> Split:
    """Return the texts that every one of the runs held out.

    Identical texts lie on one side of each run's cut, so that none of these was trained on under another id either.

    Raises:
        Mismatch: the runs' valid parts differ, and fewer than 100 texts are in all of them.
    """
    valid = [source.parts.valid for source in sources]
    shared = set(valid[0].ids).intersection(*(part.ids for part in valid[1:]))
    if len(shared) < ENOUGH and any(len(part) != len(shared) for part in valid):
        each = ", ".join(f"{s.record.id} (seed {s.record.seed}) held out {len(s.parts.valid):,}" for s in sources)
        raise Mismatch(
            f"Only {len(shared)} texts were held out by all {len(sources)} runs, and {ENOUGH} are needed: {each}. "
            "Run them with the same --seed, --n-train and --valid-fraction."
        )
    return valid[0].select([i for i, name in enumerate(valid[0].ids) if name in shared])


def answer_unseen(
    source: Source, texts: Split, store: RunStore, *, model: Classifier | None = None, device: str = "auto", screen: Screen | None = None
) -> NDArray[np.float32]:
    """Return a run's (n, k) answers to texts of its valid part, from its model or, where that learned from them, from a twin.

    Args:
        source: the run.
        texts: part of what it held out.
        store: where its model is.
        model: the run's model, where it is loaded already.
        device: for the model, or for the twin's fit.
        screen: shows progress.

    Raises:
        BadSetting: the run holds no model; the message says how to run it again.
        FailedRun: the answers are no probabilities.
    """
    if source.experiment.method.learns_from_valid:
        model = _twin(source, device, screen)
    elif model is None:
        model, _ = runner.load(source.record.id, store, device=device)
    answers = [np.empty((0, len(source.record.labels)), np.float32)]
    for start in range(0, len(texts), CHUNK):
        answers.append(model.predict(texts.texts[start : start + CHUNK]).probabilities)
        _show(screen, start, len(texts), f"{source.record.preset} on {len(texts):,} held-out texts")
    found = np.concatenate(answers)
    check_predictions(found, len(source.record.labels))
    return found


def _twin(source: Source, device: str, screen: Screen | None) -> Classifier:
    experiment, corpus = source.experiment, source.parts.corpus
    train, valid = hold_out(source.parts.train, experiment.valid_fraction, seed=experiment.seed)
    unlabeled = source.parts.unlabeled if experiment.method.uses_unlabeled else ()
    journal = _Shown(screen, f"{source.record.preset} once more, on train alone")
    return experiment.method.fit(train, valid, Task(corpus.labels, experiment.seed, unlabeled, device, journal))


class _Shown(Journal):
    """Passes progress on to the screen and keeps nothing."""

    def __init__(self, screen: Screen | None, title: str) -> None:
        self._screen, self._title = screen, title

    def progress(self, done: float, total: float, note: str = "") -> None:
        _show(self._screen, done, total, f"{self._title}: {note}")


def _show(screen: Screen | None, done: float, total: float, note: str) -> None:
    if screen is not None:
        screen.progress(done, total, note)


def unlike(valid_right: NDArray[np.bool_], scored_right: NDArray[np.bool_]) -> str | None:
    """Say that held-out and scored texts were not answered alike, or None.

    Two proportions that differ by more than 4 standard errors: the scored texts are of another kind, or the run has seen its
    held-out texts after all. A choice made on the ones then says little about the others.
    """
    a, b = float(valid_right.mean()), float(scored_right.mean())
    error = np.sqrt(a * (1 - a) / len(valid_right) + b * (1 - b) / len(scored_right))
    if abs(a - b) <= 4 * error:
        return None
    return f"its accuracy is {a:.3f} on held-out and {b:.3f} on scored texts, further apart than by chance: they are not alike"

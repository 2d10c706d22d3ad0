"""A run of ours as a subject: its record, predictions, history and model, and the data set as it lies here today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from valence.doctor.library import Library
from valence.doctor.parts import Answers, Fitted, Gold, Group, History, LengthPolicy, Member, Overlap, Phrases, Schedule, Truth
from valence.doctor.reading.lengths import length_policy
from valence.doctor.reading.predictions import truth_of
from valence.doctor.reading.training import history_of_rows, warmup_of
from valence.doctor.subject import Absent, Subject
from valence.errors import BadData, Mismatch, ValenceError
from valence.evaluation.outcomes import grade, names_a_label
from valence.experiment import Experiment
from valence.store import RunRecord, RunStore, Scored, align
from valence.types import Classifier, Corpus, Task

ASKED = 24
"""Texts that a model is asked about: enough to meet short and long ones, few enough for an encoder on a CPU."""
ASKED_IN_WORDS = 3
"""Texts that a language model is asked about, a dozen times each."""
FOUR_DECIMALS = 1e-4
"""Published predictions are rounded to four decimals."""


def run_subject(store: RunStore, run_id: str, library: Library, *, model: bool = True) -> Subject:
    """Return a run as a subject; nothing but its record is read yet.

    Args:
        store: where it is.
        run_id: its name.
        library: reads the data sets.
        model: whether its model may be loaded and asked.
    """
    run = _Run(store, run_id, library)
    return Subject(
        run_id,
        "run",
        {
            RunRecord: run.record,
            Experiment: run.experiment,
            Corpus: run.corpus,
            Gold: run.gold,
            Answers: run.answers,
            Truth: lambda: truth_of(run.answers(), _or_none(run.gold)),
            History: run.history,
            Schedule: run.schedule,
            LengthPolicy: lambda: length_policy(run.experiment(), run.gold()),
            Overlap: lambda: library.overlap(run.corpus(), run.gold().split_name),
            Phrases: lambda: library.phrases(run.corpus(), run.gold().split_name),
            Fitted: run.fitted if model else "models are not loaded (--no-model)",
        },
    )


def _or_none(read: Any) -> Gold | None:  # noqa: ANN401 - a bound method
    try:
        found: Gold = read()
    except (Absent, ValenceError):
        return None
    return found


class _Run:
    """Reads the parts of one run."""

    def __init__(self, store: RunStore, run_id: str, library: Library) -> None:
        self._store, self._id, self._library = store, run_id, library

    def record(self) -> RunRecord:
        found = self._store.find(self._id)
        if found is None:
            raise Absent(f"{self._id} is gone from {self._store.folder}")
        return found

    def experiment(self) -> Experiment:
        found = self.record().experiment
        if not found:
            raise Absent("the predictions were made elsewhere: there is no experiment")
        try:
            return Experiment.model_validate(found)
        except (ValueError, KeyError) as reason:
            raise Absent(f"the experiment was written by another version ({type(reason).__name__})") from None

    def corpus(self) -> Corpus:
        record = self.record()
        name = str(record.experiment.get("data") or record.data)
        columns = {k: record.experiment.get(k) for k in ("text_column", "label_column", "id_column")} if record.experiment else {}
        return self._library.corpus(name, {k: v for k, v in columns.items() if v is not None})

    def gold(self) -> Gold:
        record, corpus = self.record(), self.corpus()
        if record.provenance.data_digest and record.provenance.data_digest != corpus.digest:
            raise Absent(f"the data set {corpus.name} that lies here is not the one of the run")
        return self._library.gold(corpus, record.score_on)

    def answers(self) -> Answers:
        record = self.record()
        if record.status != "ok":
            raise Absent(f"the run is {record.status}: there are no predictions")
        scored = self._store.predictions(self._id)
        p = scored.predictions
        return Answers(
            "predictions.parquet", record.labels, scored.ids, p.labels, p.probabilities.astype(np.float64), scored.labels, p.responses
        )

    def history(self) -> History:
        rows = [row for row in self._store.history(self._id) if "pretraining_loss" not in row]
        if not trained_by_steps(rows):
            raise Absent("the run kept no losses: nothing was trained by steps")
        record = self.record()
        return history_of_rows(rows, kept=_kept(record), classes=len(record.labels))

    def schedule(self) -> Schedule:
        rows = self._store.history(self._id)
        before = max((row["step"] for row in rows if "pretraining_loss" in row), default=0)
        steps = int(max((row["step"] for row in rows), default=0) - before)
        if steps < 1 or not trained_by_steps(rows):
            raise Absent("the run kept no losses: nothing was trained by steps")
        return Schedule(steps, warmup_of(self.record().experiment.get("method", {}), steps), f"{steps:,} steps of its history")

    def fitted(self) -> Fitted:
        """Load the model and choose the texts to ask it about.

        Raises:
            Absent: the run holds no model, or the texts are not here.
        """
        if not (self._store.path(self._id) / "model").is_dir():
            raise Absent("the run holds no model")
        gold, scored = self.gold(), self._store.predictions(self._id)
        classifier = self._classifier()
        rows = choose(gold.split.texts, ASKED if scored.predictions.responses is None else ASKED_IN_WORDS)
        place = {name: i for i, name in enumerate(scored.ids)}
        stored = [place[gold.split.ids[i]] for i in rows if gold.split.ids[i] in place]
        table = scored.predictions.probabilities[stored].astype(np.float64) if len(stored) == len(rows) else None
        return Fitted(partial(_ask, classifier), tuple(gold.split.texts[i] for i in rows), table, FOUR_DECIMALS)

    def _classifier(self) -> Classifier:
        record, method = self.record(), self.experiment().method
        if "cache" in type(method).model_fields:
            method = method.model_copy(update={"cache": False})  # what was answered before would be the same answer again
        return method.load(self._store.path(self._id) / "model", Task(record.labels, record.seed))


def trained_by_steps(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a history is that of an optimiser: rows of a choice, of members or of unanswered texts count other things than steps."""
    return any("loss" in row for row in rows)


def _ask(classifier: Classifier, texts: Sequence[str]) -> NDArray[np.float64]:
    return np.asarray(classifier.predict(texts).probabilities, dtype=np.float64)


def choose(texts: Sequence[str], n: int = ASKED) -> list[int]:
    """Return the rows of n texts from the shortest to the longest, evenly over the lengths' order; all where there are fewer."""
    order = np.argsort([len(t) for t in texts], kind="stable")
    if not len(order):
        return []
    places = np.unique(np.linspace(0, len(order) - 1, min(n, len(order))).round().astype(np.intp))
    return [int(i) for i in order[places]]


def group_subjects(store: RunStore, run_ids: Sequence[str]) -> list[Subject]:
    """Return a subject for every data set and split on which two or more of the runs were finished."""
    groups: dict[tuple[str, str], list[RunRecord]] = {}
    for run_id in run_ids:
        try:
            record = store.find(run_id)
        except BadData:  # the run itself says so
            continue
        if record is not None and record.status == "ok":
            groups.setdefault((record.data, record.score_on), []).append(record)
    found = []
    for (data, split), records in sorted(groups.items()):
        if len(records) > 1:
            found.append(Subject(f"{data} {split}: {len(records)} runs", "comparison", {Group: partial(_group, store, records)}))
    return found


def _group(store: RunStore, records: Sequence[RunRecord]) -> Group:
    first: Scored | None = None
    members = []
    for record in records:
        try:
            scored = store.predictions(record.id)
            first = first or scored
            random = trained_by_steps(store.history(record.id))
            members.append(_member(record, align(scored, first.ids), first, random))
        except (Mismatch, ValenceError) as reason:
            members.append(Member(record, None, str(reason)))
    return Group(tuple(members))


def _member(record: RunRecord, scored: Scored, first: Scored, random: bool) -> Member:
    if not np.array_equal(scored.labels, first.labels):
        return Member(record, None, "its predictions carry other true labels for the same ids")
    said = scored.predictions.responses
    valid = None if said is None else names_a_label(said, record.labels)
    return Member(record, grade(scored.labels, scored.predictions.probabilities, valid), random=random)


def _kept(record: RunRecord) -> Literal["best", "last"]:
    """Return which epoch a run of ours kept: its setting, which older records lack; `best` was then the only way."""
    method = record.experiment.get("method")
    return "last" if isinstance(method, dict) and method.get("keep_epoch") == "last" else "best"


__all__ = ["ASKED", "choose", "group_subjects", "run_subject"]

"""How a run holds up when texts are changed, or come from elsewhere.

    valence stress RUN

A stressor is a file in `stressors/`; which of them fits a run they say themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from valence import data
from valence.catalog import Catalog
from valence.data.subsample import subsample
from valence.errors import BadSetting, DataNotFound
from valence.store import RunRecord, Scored
from valence.stress.figures import Finding, Probabilities, finding
from valence.stress.stressor import Given, Stressor
from valence.types import Classifier

STRESSORS: Catalog[Stressor] = Catalog("valence.stress.stressors", Stressor, "stressor")  # type: ignore[type-abstract]
Progress = Callable[[float, float, str], None]
"""Called as progress(done, total, note)."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was tried on a run."""

    run: str
    data: str
    score_on: str
    n: int
    """Texts of the sample."""
    n_all: int
    """Labelled texts of the scored split."""
    seed: int
    findings: tuple[Finding, ...]
    skipped: tuple[tuple[str, str], ...]
    """Stressors that were not tried, each with the reason."""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values; shares, not percentages."""
        return asdict(self)


class Answers:
    """Asks a classifier about each text once only."""

    def __init__(self, classifier: Classifier, k: int) -> None:
        self._classifier = classifier
        self._known: dict[str, Probabilities] = {}
        self._k = k

    def learn(self, texts: Sequence[str], probabilities: Probabilities) -> None:
        """Take answers that are known already, as those of the run's own predictions."""
        self._known.update(zip(texts, probabilities, strict=True))

    def to(self, texts: Sequence[str]) -> Probabilities:
        """Return (n, k) probabilities."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._classifier.predict(new).probabilities, strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else np.zeros((0, self._k), dtype=np.float32)


def stress(
    classifier: Classifier,
    record: RunRecord,
    scored: Scored | None = None,
    *,
    only: Sequence[str] = (),
    n: int = 1000,
    seed: int = 0,
    pairs: Path | None = None,
    domains: Sequence[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Try every stressor that fits, or those of `only`, on a run.

    Args:
        classifier: of the run.
        record: of the run.
        scored: the run's predictions, which then need not be made again.
        only: names of stressors.
        n: how many of the scored texts are changed; a stratified sample of so many.
        seed: of the sample and of the changes.
        pairs: a table of pairs for `counterfactual`.
        domains: data sets or files for `domain`.
        progress: called as progress(done, total, note).

    Raises:
        UnknownName: a name in `only` is no stressor.
        BadSetting: the run was not made here, so that nobody knows its texts, or `n` is not positive.
        ValenceError: a file the user named cannot be read or does not fit.
    """
    given, notes = _given(record, n, seed, pairs, tuple(domains))
    answers = Answers(classifier, len(record.labels))
    if scored is not None:
        position = {name: i for i, name in enumerate(scored.ids)}
        rows = [position.get(name, -1) for name in given.texts.ids]
        if min(rows) >= 0:
            answers.learn(given.texts.texts, scored.predictions.probabilities[rows])
    findings: list[Finding] = []
    skipped: list[tuple[str, str]] = []
    names = list(dict.fromkeys(only)) or list(STRESSORS.names)
    for done, name in enumerate(names):
        stressor = STRESSORS.find(name)()
        if progress is not None:
            progress(done, len(names), name)
        reason = stressor.why_not(given)
        try:
            findings += [] if reason else _tried(stressor, given, answers)
        except DataNotFound as error:
            if only:
                raise
            reason = str(error)
        skipped += [(name, reason)] if reason else []
    return Report(
        record.id, record.data, record.score_on, len(given.sample), len(given.texts), seed, tuple(findings), tuple(skipped), tuple(notes)
    )


def _given(record: RunRecord, n: int, seed: int, pairs: Path | None, domains: tuple[str, ...]) -> tuple[Given, list[str]]:
    if n < 1:
        raise BadSetting(f"n = {n} is too small. Give the number of texts to change, 1 or more.")
    if not record.experiment:
        raise BadSetting(f"{record.id} was not made here: neither its texts nor its model are known. Name a run of valence run.")
    columns = {k: record.experiment.get(k) for k in ("text_column", "label_column", "id_column")}
    corpus = data.load(record.experiment["data"], **columns)
    texts = data.require_labels(corpus, record.score_on)
    texts = texts.select(np.flatnonzero(texts.labels >= 0))
    smallest = len(np.unique(texts.labels))
    sample = texts if n >= len(texts) else subsample(texts, max(n, smallest), seed=seed)
    changed = corpus.digest != record.provenance.data_digest
    notes = ["The data are not those the run was scored on: their digest differs."] if changed else []
    return Given(record.labels, record.data, texts, sample, seed, pairs, domains, n), notes


def _tried(stressor: Stressor, given: Given, answers: Answers) -> list[Finding]:
    found = []
    for trial in stressor.trials(given):
        if trial.after:
            before = None if trial.before is None else answers.to(trial.before)
            found.append(finding(stressor.name(), trial, answers.to(trial.after), before))
    return found


__all__ = ["STRESSORS", "Answers", "Report", "stress"]

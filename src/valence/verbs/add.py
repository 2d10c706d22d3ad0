"""`valence add NAME PREDICTIONS.csv --data imdb`: rank predictions made elsewhere with the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro
from numpy.typing import NDArray

from valence.errors import BadSetting, Mismatch
from valence.experiment import data_title
from valence.store import Provenance, RunRecord, RunStore, Scored, align, ids_digest
from valence.types import Predictions, Split
from valence.verbs._flags import parse


@dataclass
class Options:
    """Put predictions made elsewhere on the board: a table with an id and a label (0/1 or names) or probabilities per row."""

    name: Annotated[str, tyro.conf.Positional]
    """What the board shall call it."""
    predictions: Annotated[str, tyro.conf.Positional]
    """CSV, TSV, JSONL or Parquet with columns id and sentiment (or label), and p_0 ... p_k where there are probabilities."""
    data: str = "imdb"
    """Data set or file whose texts were predicted."""
    score_on: Literal["test", "dev"] = "test"
    """The split that was predicted."""
    seed: int = 0
    """Seed of the run that made them; runs of one name that differ by it share a row."""
    seed_accuracy: float | None = None
    """A figure somebody published for these predictions, to show beside ours."""
    store: str = "runs"
    """Folder of the runs."""


def main(words: Sequence[str]) -> int:
    """Read, match by id, check and save."""
    options = parse(Options, words, "add")
    if not options.name.strip() or "--" in options.name:
        raise BadSetting(f"{options.name!r} cannot be a name: it must hold something, and no double dash.")
    from valence import data
    from valence.data.answers import read_predictions
    from valence.verbs.run import sentence

    corpus = data.load(options.data)
    truth = corpus.splits.get(options.score_on)
    if truth is None or not len(truth):
        raise BadSetting(f"{corpus.name} has no split {options.score_on!r}. It has: {', '.join(corpus.splits)}.")
    data.require_labels(corpus, options.score_on)
    answers = read_predictions(Path(options.predictions), corpus.labels)
    scored = _matched(Scored(answers.ids, _unknown(len(answers.ids)), Predictions(answers.probabilities)), truth, options.predictions)
    record = _record(options, corpus.labels, corpus.digest, scored)
    store = RunStore(options.store)
    with store.lock(record.id):
        print(sentence(store.save(record, scored)))
    return 0


def _unknown(n: int) -> NDArray[np.int64]:
    return np.full(n, -1, dtype=np.int64)


def _matched(answers: Scored, truth: Split, file: str) -> Scored:
    try:
        predictions = align(answers, truth.ids).predictions
    except Mismatch as error:
        raise Mismatch(f"{file}: {error} The data set's ids look like {truth.ids[0]!r}, the file's like {answers.ids[0]!r}.") from None
    return Scored(truth.ids, truth.labels, predictions)


def _record(options: Options, labels: tuple[str, ...], digest: str, scored: Scored) -> RunRecord:
    from valence.evaluation import metrics

    metrics.check_predictions(scored.predictions.probabilities, len(labels))
    collapse = metrics.find_collapse(scored.labels, scored.predictions.probabilities)
    if collapse:
        raise BadSetting(f"{options.predictions}: {collapse} It would not be ranked, so nothing was added.")
    title = data_title(options.name.replace(".", "_"))
    group = f"{title}--{data_title(options.data)}--outside"
    return RunRecord(
        id=f"{group}--s{options.seed}",
        group=group,
        preset=options.name,
        method="",
        data=data_title(options.data),
        n_train=None,
        seed=options.seed,
        score_on=options.score_on,
        experiment={},
        status="ok",
        labels=labels,
        n_scored=len(scored.ids),
        ids_digest=ids_digest(scored.ids, scored.labels),
        metrics=metrics.score(scored.labels, scored.predictions.probabilities),
        provenance=Provenance(data_digest=digest),
        seed_accuracy=options.seed_accuracy,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )

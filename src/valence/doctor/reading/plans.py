"""What is yet to be run: an experiment, a sweep, or the arguments of a user's training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from valence.doctor.library import Library
from valence.doctor.parts import Gold, LengthPolicy, Overlap, Phrases, Schedule, Truth
from valence.doctor.reading.lengths import length_policy
from valence.doctor.reading.training import warmup_of
from valence.doctor.subject import Absent, Subject
from valence.experiment import COLUMNS, Experiment
from valence.text.vocabulary import split_words
from valence.types import Corpus, Split


def plan_subject(experiment: Experiment, library: Library) -> Subject:
    """Return an experiment as a subject."""

    def corpus() -> Corpus:
        columns = {k: v for k in COLUMNS if (v := getattr(experiment, k)) is not None}
        return library.corpus(experiment.data, columns)

    def gold() -> Gold:
        return library.gold(corpus(), experiment.score_on)

    return Subject(
        experiment.id,
        "plan",
        {
            Experiment: lambda: experiment,
            Corpus: corpus,
            Gold: gold,
            Truth: lambda: Truth(gold().split.labels, "the data set"),
            Schedule: lambda: _schedule(experiment, corpus()),
            LengthPolicy: lambda: length_policy(experiment, gold()),
            Overlap: lambda: library.overlap(corpus(), gold().split_name),
            Phrases: lambda: library.phrases(corpus(), gold().split_name),
        },
    )


def _schedule(experiment: Experiment, corpus: Corpus) -> Schedule:
    """Count the steps an experiment will take.

    Raises:
        Absent: its method trains by no steps that could be counted beforehand.
    """
    settings = experiment.method.model_dump()
    if not isinstance(settings.get("epochs"), int | float):
        raise Absent(f"{experiment.method.name()} does not train by steps")
    train, _ = experiment.budget(corpus.splits["train"])
    steps = _steps(train, settings)
    return Schedule(steps, warmup_of(settings, steps), f"{settings['epochs']:g} epochs of {len(train):,} texts")


def _steps(train: Split, settings: Mapping[str, Any]) -> int:
    if settings.get("max_steps"):
        return int(settings["max_steps"])
    if isinstance(settings.get("batch_tokens"), int):
        from valence.training.batching import Plan

        lengths = split_words(train.texts).list.len().clip(1, settings.get("max_length", 10**9)).to_numpy().astype("int64")
        texts, least = settings.get("batch_texts"), int(settings.get("minimum_steps") or 0)
        once = Plan.draw(lengths, epochs=1, budget=settings["batch_tokens"], seed=0, texts=texts).steps
        return max(once * int(settings["epochs"]), least)
    if isinstance(settings.get("batch_size"), int):
        batch = int(settings["batch_size"]) * int(settings.get("gradient_accumulation_steps") or settings.get("accumulate") or 1)
        return math.ceil(math.ceil(len(train) / batch) * float(settings["epochs"]))
    raise Absent("the method does not say how large a batch is")


__all__ = ["plan_subject"]

"""How much of each text a method reads, counted in its own unit where that can be done without loading it."""

from __future__ import annotations

import numpy as np

from valence.doctor.parts import Gold, LengthPolicy
from valence.doctor.subject import Absent
from valence.experiment import Experiment
from valence.text.vocabulary import split_words

LIMITS = ("max_length", "max_review_tokens", "max_tokens")
TOKENS_PER_WORD = 1.15
"""Pieces of a word or mark, by which tokens are estimated: 1.15 for MPNet and 1.13 for SmolLM2 on IMDB reviews, 1.15 on SST-2."""
MOST_TEXTS = 5_000
"""Texts whose length is looked at; more change the second decimal of a share."""


def length_policy(experiment: Experiment, gold: Gold) -> LengthPolicy:
    """Return the limit of the method and the lengths of the texts it scores.

    Raises:
        Absent: the method has no limit.
    """
    settings = experiment.method.model_dump()
    limit = next((settings[name] for name in LIMITS if isinstance(settings.get(name), int)), None)
    if limit is None:
        raise Absent(f"{experiment.method.name()} reads whole texts")
    step = max(1, len(gold.split) // MOST_TEXTS)
    words = split_words(gold.split.texts[::step]).list.len().to_numpy().astype(np.int64)
    keep = str(settings.get("keep") or settings.get("cut") or "head")
    if "max_words" in settings or "min_count" in settings:
        return LengthPolicy(limit, "words", keep, words)
    return LengthPolicy(limit, "tokens", keep, np.rint(words * TOKENS_PER_WORD).astype(np.int64), estimated=True)


__all__ = ["LIMITS", "TOKENS_PER_WORD", "length_policy"]

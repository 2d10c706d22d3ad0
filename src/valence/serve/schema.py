"""Requests and answers as JSON; the sentence under each field stands in /openapi.json."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from valence.evaluation.temperature import scale
from valence.serve.card import Card
from valence.serve.limits import Limits
from valence.types import Predictions, Settings


class Texts(Settings):
    """What is to be classified."""

    texts: list[str] = Field(examples=[["A wonderful film, moving and funny.", "Two hours that I want back."]])
    """One text or more, in any order; each is read by itself."""


class Answer(Settings):
    """What the model says of one text."""

    label: str
    """The most probable label."""
    probabilities: dict[str, float]
    """Of every label; they sum to 1."""
    response: str | None = None
    """A language model's own words, where it answers in words."""


class Answers(Settings):
    """What the model says of the texts, in their order."""

    run: str
    """The run that answered."""
    labels: tuple[str, ...]
    """Every label's name."""
    predictions: tuple[Answer, ...]
    """One for each text."""


class Health(Settings):
    """Whether requests are answered."""

    status: Literal["ready", "loading", "ending"]
    """`ready` with status code 200; the others with 503."""
    run: str
    """What is served."""


class Problem(Settings):
    """Why a request was not answered."""

    detail: str
    """One sentence."""


def refusal(texts: list[str], limits: Limits) -> str:
    """Say in one sentence why these texts are not read; empty where they are."""
    if not texts:
        return 'The list of texts is empty. Give one text or more: {"texts": ["..."]}.'
    if len(texts) > limits.max_texts:
        return f"{len(texts):,} texts are too many for one request; the most is {limits.max_texts:,}. Send them in parts."
    for i, text in enumerate(texts):
        if not text.strip():
            return f"texts[{i}] is empty. Leave it out, or give it words."
        if len(text) > limits.max_characters:
            return f"texts[{i}] has {len(text):,} characters; the most is {limits.max_characters:,}. Shorten it."
        if any("\ud800" <= character <= "\udfff" for character in text):  # half of a pair, which JSON lets through
            return f"texts[{i}] is no valid Unicode: it holds half of a surrogate pair. Send whole characters."
    return ""


def answers(found: Predictions, card: Card) -> Answers:
    """Return predictions as JSON has them, scaled where the card says so; scaling changes no label."""
    return Answers(run=card.run, labels=card.labels, predictions=tuple(_each(found, card)))


def _each(found: Predictions, card: Card) -> list[Answer]:
    p: NDArray[np.float32] = found.probabilities
    if card.confidence.calibrated and card.confidence.temperature is not None:
        p = scale(p, card.confidence.temperature)
    said = found.responses or (None,) * len(p)
    labels = found.labels.tolist()
    return [
        Answer(label=card.labels[label], probabilities=dict(zip(card.labels, row, strict=True)), response=words)
        for label, row, words in zip(labels, p.tolist(), said, strict=True)
    ]


__all__ = ["Answer", "Answers", "Health", "Problem", "Texts", "answers", "refusal"]

"""A language model, a prompt and a way of asking: together a classifier."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadData
from valence.llm.asked import Answer, Ask, Backend, Question, Reply, from_scores, name_label
from valence.llm.asking import Tally, ask_all
from valence.llm.cache import AnswerCache, cache_folder
from valence.llm.examples import Examples
from valence.text.prompt import Prompt, Shot, tidy
from valence.types import Journal, Predictions, Size

BLANKS = ("N/A", "[MASK]", "")
"""Reviews without content, whose probabilities are averaged (Zhao et al., 2021, section 5)."""
FILE = "prompted.json"


@dataclass
class PromptedClassifier:
    """Asks a model about each text by itself."""

    backend: Backend
    ask: Ask
    prompt: Prompt
    """With the examples that every review is asked with."""
    labels: tuple[str, ...]
    journal: Journal
    examples: Examples | None = None
    """Where each review has examples of its own."""
    calibrate: bool = False
    caching: bool = True
    tally: Tally = field(default_factory=Tally)
    """Of the last call of `predict`."""

    @property
    def size(self) -> Size:
        """Nothing is learned."""
        return Size(0, self.backend.parameters)

    @property
    def device(self) -> str:
        """Where the model computes."""
        return self.backend.device

    @property
    def loaded(self) -> str:
        """What was really read, for the record: the weights' name, and how they lay there."""
        return str(getattr(self.backend, "loaded", self.backend.name))

    @property
    def earlier_seconds(self) -> float:
        """Seconds that answers from the cache took when they were given: add them to a call's own to know what it cost."""
        return self.tally.earlier_seconds

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself.

        An answer in words gets probability 1 for the label it names, and equal ones where it names none. A text that stayed without an
        answer has a response that names no label, so that no figure counts it as one.

        Raises:
            FailedRun: no text was answered, or the server has gone.
        """
        if not texts:
            return Predictions(np.empty((0, len(self.labels)), np.float32))
        reviews = [tidy(text) for text in texts]
        replies, self.tally = self._replies(self._questions(reviews))
        if self.tally.unanswered:
            self.journal.log(len(texts), unanswered=len(self.tally.unanswered))
        if self.ask.way == "score":
            return self._scored(replies)
        return self._worded(replies)

    def save(self, folder: Path) -> None:
        """Write the examples and what the answers depend on; the weights stay where they are."""
        about = {
            "model": self.backend.name,
            "identity": digest(self.backend.identity),
            "shots": [[shot.review, shot.word] for shot in self.prompt.shots],
            "unanswered": self.tally.unanswered,
        }
        (folder / FILE).write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")
        if self.examples is not None:
            self.examples.save(folder)

    def close(self) -> None:
        """Free the model."""
        self.backend.close()

    def _questions(self, reviews: Sequence[str]) -> list[Question]:
        if self.examples is None:
            return [Question(self.prompt, review) for review in reviews]
        return [Question(prompt, review) for prompt, review in zip(self.examples.prompts(self.prompt, reviews), reviews, strict=True)]

    def _replies(self, questions: Sequence[Question]) -> tuple[list[Reply], Tally]:
        cache = AnswerCache(cache_folder()) if self.caching else None
        try:
            return ask_all(self.backend, questions, self.ask, cache, self.journal.progress)
        finally:
            if cache:
                cache.close()

    def _scored(self, replies: Sequence[Reply]) -> Predictions:
        k = len(self.labels)
        rows = np.array([reply.scores if isinstance(reply, Answer) else (0.0,) * k for reply in replies], np.float64)
        probabilities = from_scores(rows, self._blank() if self.calibrate else None)
        if not self.tally.unanswered:
            return Predictions(probabilities)
        answered = np.array([isinstance(reply, Answer) for reply in replies])
        probabilities[~answered] = 1 / k
        said = [self.labels[row.argmax()] if there else "" for row, there in zip(probabilities, answered, strict=True)]
        return Predictions(probabilities, tuple(_said(reply, text) for reply, text in zip(replies, said, strict=True)))

    def _blank(self) -> NDArray[np.float64]:
        """Return (k,) probabilities of a review without content."""
        tally = self.tally
        replies, _ = self._replies(self._questions(list(BLANKS)))
        self.tally = tally
        found = np.array([reply.scores for reply in replies if isinstance(reply, Answer)], np.float64)
        return np.asarray(from_scores(found).astype(np.float64).mean(axis=0))

    def _worded(self, replies: Sequence[Reply]) -> Predictions:
        k = len(self.labels)
        named = [
            name_label(reply.text or "", self.ask.words, self.labels) if isinstance(reply, Answer) else (None, "") for reply in replies
        ]
        probabilities = np.full((len(replies), k), 1 / k, np.float32)
        for row, (label, _) in zip(probabilities, named, strict=True):
            if label is not None:
                row[:] = np.eye(k, dtype=np.float32)[label]
        return Predictions(probabilities, tuple(_said(reply, text) for reply, (_, text) in zip(replies, named, strict=True)))


def _said(reply: Reply, text: str) -> str:
    return text if isinstance(reply, Answer) else f"(unanswered: {reply.reason})"


def digest(identity: str) -> str:
    """Return a short digest of what a backend calls itself."""
    return hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()


def read_back(folder: Path, backend: Backend) -> list[Shot]:
    """Return the examples that `save` wrote, after checking that the weights are still the same.

    Raises:
        BadData: the file is broken, or the model is another one by now.
    """
    try:
        about = json.loads((folder / FILE).read_text(encoding="utf-8"))
        same = about["identity"] == digest(backend.identity)
        shots = [Shot(str(review), str(word)) for review, word in about["shots"]]
    except (OSError, ValueError, KeyError) as error:
        raise BadData(f"{folder / FILE} cannot be read: {error}.") from None
    if not same:
        raise BadData(f"{backend.name} is no longer the model that this run asked. Run it again with --again.")
    return shots

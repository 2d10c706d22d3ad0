"""What is asked of a language model and what comes back: the nouns that every backend shares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from valence.text.prompt import Cut, Prompt

Way = Literal["generate", "choice", "score"]
"""How an answer is got: in free words, in words held to the label words, or as the probability of each label word."""
Form = Literal["auto", "chat", "plain"]
"""Whether the prompt wears the model's chat template; `auto` where the model has one."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How every review of a run is asked."""

    way: Way
    words: tuple[str, ...]
    """One label word per label."""
    max_review_tokens: int
    cut: Cut
    form: Form = "auto"
    thinking: int = 0
    """Tokens a thinking model may think before it answers."""
    answer_tokens: int = 8
    """Tokens of an answer in free words."""


@dataclass(frozen=True, slots=True)
class Question:
    """One review and the prompt it is asked with."""

    prompt: Prompt
    review: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said: words, or a score per label."""

    text: str | None = None
    """Its own words, the thought removed; for `generate` and `choice`."""
    scores: tuple[float, ...] | None = None
    """(labels,) log-probability of each label word over all its tokens, in nats; for `score`."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question to which no answer came; never scored as one."""

    reason: str
    """Why, one line."""
    server_gone: bool = False
    """Whether nothing answered at all, as after a crash: many of these in a row end the run."""


Reply = Answer | Unanswered


class Backend(Protocol):
    """A model that can be asked."""

    name: str
    """As the user named it."""
    identity: str
    """Changes whenever the same question could be answered differently: kind, digest of the weights, precision."""
    parameters: int
    """How many numbers the model holds; 0 where the server does not say."""
    device: str
    """Where it computes."""

    def ask(self, questions: Sequence[Question], ask: Ask) -> Iterator[tuple[int, Reply]]:
        """Answer each question by itself; yield its position and the reply as they come, in any order."""

    def shorten(self, review: str, tokens: int, keep: Cut) -> str:
        """Return at most `tokens` tokens of a tidy review."""

    def close(self) -> None:
        """Free what the model holds; it may be closed twice."""


THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)|\A(?:(?!<think>).)*?</think>", re.DOTALL | re.IGNORECASE)
"""A thought, also one whose beginning stood in the prompt, also one that was cut off before its end."""


def spoken(text: str, *, open_thought: bool = False) -> str:
    """Return an answer without its thought; a thought that never ended leaves nothing.

    Args:
        text: what the model wrote.
        open_thought: whether the prompt itself began a thought.
    """
    if open_thought and "</think>" not in text.lower():
        return ""
    return THOUGHT.sub("", text).strip()


def name_label(text: str, words: Sequence[str], labels: Sequence[str]) -> tuple[int | None, str]:
    """Find the label that an answer names with its first word, a label word or a label's own name, whatever its case.

    Returns:
        The label, None where the first word names none; and the answer, its label word replaced by the label's name, so that
        `evaluation.outcomes.names_a_label` finds the same.
    """
    named = [(word, i) for i, word in enumerate(words)] + [(label, i) for i, label in enumerate(labels)]
    for word, i in sorted(named, key=lambda pair: -len(pair[0])):
        found = re.match(rf"([\W_]*){re.escape(word)}(?!\w)", text, re.IGNORECASE)
        if found:
            return i, text if word.lower() == labels[i].lower() else found[1] + labels[i] + text[found.end() :]
    return None, text


def from_scores(scores: NDArray[np.float64], blank: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
    """Turn (n, k) log-probabilities of label words into (n, k) probabilities of labels.

    Args:
        scores: in nats.
        blank: (k,) probabilities that the prompt gives a review without content. Each label is divided by its own:
            q = softmax(log p - log p_cf), contextual calibration with W = diag(p_cf)^-1 and b = 0 (Zhao et al., 2021, arXiv:2102.09690).
    """
    scores = scores if blank is None else scores - np.log(np.maximum(blank, 1e-12))
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return found

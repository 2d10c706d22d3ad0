"""Prompts that hold the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, percent
from valence.doctor.parts import Prompts, PromptSet
from valence.doctor.subject import Subject

WORDS = frozenset({"0", "1", "negative", "positive", "neg", "pos", "neutral"})
"""Last words that are answers, where the true ones are not in the file."""
MANY = 0.5
_MARKS = re.compile(r"<\|?/?[\w|]+\|?>|\[/?\w+\]|[^\w\s]")


class AnswersInPrompts(Check):
    """The model is asked what it was just told."""

    sentence: ClassVar[str] = "Prompts for inference hold the answer: at their end, or through an example that is the scored text itself."
    seed: ClassVar[str] = "instruction tuning: the data were formatted again for each model, later prompts held the answer"
    needs: ClassVar[tuple[type, ...]] = (Prompts,)

    def applies(self, subject: Subject) -> str:
        """Training prompts hold their answers rightly."""
        asked = [s for s in subject.part(Prompts).sets if s.role == "inference" and s.prompts]
        return "" if asked else "no prompts of the inference were given (templates hold no answers, training prompts rightly do)"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Look at each file of prompts for inference."""
        for prompts in subject.part(Prompts).sets:
            if prompts.role == "inference" and prompts.prompts:
                yield from _ends(prompts)
                yield from _examples(prompts)


def _ends(prompts: PromptSet) -> Iterator[Finding]:
    """Compare the last word of each prompt with the answer; a word that all prompts end in is the template's."""
    last = [_last_word(p, t) for p, t in zip(prompts.prompts, prompts.texts or [""] * len(prompts.prompts), strict=True)]
    known = WORDS if prompts.answers is None else {a.casefold() for a in prompts.answers}
    named = np.array([word in known for word in last])
    if named.mean() < MANY or len({word for word, hit in zip(last, named, strict=True) if hit}) < 2:
        return
    facts: dict[str, float | str] = {"share": float(named.mean()), "file": prompts.source}
    message = f"{percent(float(named.mean()))} of the prompts in {prompts.source} end in an answer"
    if prompts.answers is not None:
        agree = float(np.mean([word == answer.casefold() for word, answer in zip(last, prompts.answers, strict=True)]))
        facts["agreement"] = agree
        message += f", {percent(agree)} in the true one"
    yield error(f"{message}.", "Format prompts for inference from the texts alone, each time anew.", **facts)


def _last_word(prompt: str, text: str) -> str:
    tail = prompt.rpartition(text)[2] if text and text in prompt else prompt[-200:]
    words = _MARKS.sub(" ", tail).split()
    return words[-1].casefold() if words else ""


def _examples(prompts: PromptSet) -> Iterator[Finding]:
    if prompts.texts is None:
        return
    twice = sum(len(t) > 20 and p.count(t) > 1 for p, t in zip(prompts.prompts, prompts.texts, strict=True))
    if twice:
        message = f"{twice:,} of {len(prompts.prompts):,} prompts hold the scored text twice: it is among the examples, with its answer."
        yield error(message, "Draw examples from train.", repeated=twice, file=prompts.source)

"""Prompts that hold only the beginning of a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, note, percent, warning
from valence.doctor.checks.text_cut import MANY_CUT, SEEN
from valence.doctor.parts import Prompts, PromptSet
from valence.doctor.subject import Subject


class PromptCutsText(Check):
    """Cut by characters before the template was filled."""

    sentence: ClassVar[str] = "Prompts hold only a part of the text they ask about."
    seed: ClassVar[str] = "instruction tuning: reviews cut by characters, 45 % of the text seen"
    needs: ClassVar[tuple[type, ...]] = (Prompts,)

    def applies(self, subject: Subject) -> str:
        """Need the texts beside the prompts."""
        whole = any(s.texts is not None for s in subject.part(Prompts).sets)
        return "" if whole else "the file of prompts has no column with the whole texts (review or text)"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Look for the longest beginning and end of each text in its prompt."""
        for prompts in subject.part(Prompts).sets:
            if prompts.texts is not None:
                yield from _look(prompts)


def _look(prompts: PromptSet) -> Iterator[Finding]:
    assert prompts.texts is not None
    seen = np.array([_seen(p, t) for p, t in zip(prompts.prompts, prompts.texts, strict=True) if t.strip()])
    cut = seen < 1
    if not cut.any():
        return
    mean, share = float(seen.mean()), float(cut.mean())
    message = (
        f"{percent(share)} of the prompts in {prompts.source} lack a part of their text; {percent(mean)} of a text is seen on average."
    )
    remedy = "Cut by tokens, the review alone, keeping head and tail, and only what the model's window asks for."
    make = error if mean < SEEN else warning if share > MANY_CUT else note
    yield make(message, remedy, cut=share, seen=mean, file=prompts.source)


def _seen(prompt: str, text: str) -> float:
    """Return the share of the text's characters that the prompt holds as its beginning or its end."""
    text = text.strip()
    if text in prompt:
        return 1.0
    head, tail = _longest(prompt, text, from_end=False), _longest(prompt, text, from_end=True)
    return min(1.0, (head + (tail if tail > 20 else 0)) / len(text))


def _longest(prompt: str, text: str, *, from_end: bool) -> int:
    """Return the length of the longest beginning (or end) of the text inside the prompt, by bisection."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        part = text[-middle:] if from_end else text[:middle]
        low, high = (middle, high) if part in prompt else (low, middle - 1)
    return low

"""A language model's answer that was read as another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, percent
from valence.doctor.parts import Answers
from valence.doctor.subject import Subject


def spoken(response: str) -> str:
    """Return what a language model says once it has thought."""
    return re.sub(r"(?s)<think>.*?</think>", "", response)


class AnswerParsing(Check):
    """The label an answer begins with is not the one that was counted."""

    sentence: ClassVar[str] = "The label that an answer begins with is not the one that was counted for it."
    seed: ClassVar[str] = "zero-shot LLMs: the last 0 or 1 anywhere in the text counted as the answer"
    needs: ClassVar[tuple[type, ...]] = (Answers,)

    def applies(self, subject: Subject) -> str:
        """Need a language model's words and what was made of them."""
        answers = subject.part(Answers)
        if answers.responses is None:
            return "the answers are not a language model's words"
        return "" if (answers.predicted >= 0).any() else "the file does not say which label was counted"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Read the first word of each answer, thoughts left out."""
        answers = subject.part(Answers)
        assert answers.responses is not None
        # a label's own name goes before its number: of the labels 1 to 5, "1" is the first
        known = {str(i): i for i in range(len(answers.names))} | {name.casefold(): i for i, name in enumerate(answers.names)}
        pattern = re.compile(rf"[\W_]*({'|'.join(map(re.escape, sorted(known, key=len, reverse=True)))})(?!\w)", re.IGNORECASE)
        first = [pattern.match(spoken(r)) for r in answers.responses]
        read = np.array([known[m[1].casefold()] if m else -1 for m in first], dtype=np.int64)
        torn = (read >= 0) & (answers.predicted >= 0) & (read != answers.predicted)
        if torn.any():
            ids = [answers.ids[i] for i in np.flatnonzero(torn)[:5]]
            count = int(torn.sum())
            message = f"{count:,} answers begin with one label and were counted as another ({percent(count / len(torn))} of all)."
            remedy = "Read the answer where it is due, at its beginning; count everything else as invalid."
            yield error(message, remedy, torn=count, ids=ids)

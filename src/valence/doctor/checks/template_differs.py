"""One template to train with, another to ask with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Prompts, PromptSet
from valence.doctor.subject import Subject

SHOWN = 30


ANSWERS = (re.compile(r"(?s)(.*)\s(\S+)"), re.compile(r"(?s)(.*)\n(.+)"))
"""A training prompt and its answer: the last word, or the last line where all last words are one."""
LEADING = re.compile(r".*[^\w\s<]")
"""What all answers begin with and is none of their letters."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a review."""

    before: str
    after: str
    """Up to the answer."""
    exact: bool
    """Whether the review's place is known, or guessed from what all prompts share."""


class TemplateDiffers(Check):
    """Training prompts and inference prompts are not alike."""

    sentence: ClassVar[str] = "The template of the training prompts is not that of the prompts the model is asked with."
    seed: ClassVar[str] = "instruction tuning: training and inference template differed, without chat template"
    needs: ClassVar[tuple[type, ...]] = (Prompts,)

    def applies(self, subject: Subject) -> str:
        """Need both."""
        roles = {s.role for s in subject.part(Prompts).sets}
        missing = {"train", "inference"} - roles
        what = "prompts of the training (train, sft or tune in the file's name)" if "train" in missing else "prompts of the inference"
        return f"no {what} were given" if missing else ""

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare what stands before and after the review."""
        sets = subject.part(Prompts).sets
        train, asked = next(s for s in sets if s.role == "train"), next(s for s in sets if s.role == "inference")
        one, two = frame(train), frame(asked)
        remedy = "Build both from one function; add the answer behind it for training."
        files = {"train": train.source, "inference": asked.source}
        if not _same_start(one, two):
            yield error(f"Before the review the templates differ: {_difference(one.before, two.before)}.", remedy, **files)
        if not _same_end(one, two):
            yield error(f"Between review and answer the templates differ: {_difference(one.after, two.after)}.", remedy, **files)


def frame(prompts: PromptSet) -> Frame:
    """Return what stands around the reviews of a file."""
    if prompts.template is not None:
        before, _, after = prompts.template.partition("{}")
        return Frame(before, after.partition("{}")[0], exact=True)
    if prompts.texts is not None:
        parts = [(p.partition(t)[0], p.partition(t)[2]) for p, t in zip(prompts.prompts, prompts.texts, strict=True) if t and t in p]
        if parts:
            before = Counter(b for b, _ in parts).most_common(1)[0][0]
            return Frame(before, common_beginning([a for _, a in parts]), exact=True)
    return _guessed(prompts)


def _guessed(prompts: PromptSet) -> Frame:
    """Take what all prompts begin with; behind the review what all with one answer end in, the answer left out where it varies."""
    before = common_beginning(list(prompts.prompts))
    for answer in ANSWERS if prompts.role == "train" else ():
        groups: dict[str, list[str]] = {}
        for prompt in prompts.prompts:
            found = answer.fullmatch(prompt.rstrip())
            if found is not None:
                groups.setdefault(found[2], []).append(found[1])
        if len(groups) > 1:
            ends = [_common_end(group) for group in groups.values() if len(group) > 1] or [""]
            cue = LEADING.match(common_beginning(list(groups)))  # `Answer:1`, without a space
            return Frame(before, min(ends, key=len) + (f"\n{cue[0]}" if cue else ""), exact=False)
    return Frame(before, _common_end(list(prompts.prompts)), exact=False)


def common_beginning(texts: Sequence[str]) -> str:
    """Return what all texts begin with."""
    if not texts:
        return ""
    low, high = min(texts), max(texts)
    return next((low[:i] for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), low)


def _common_end(texts: list[str]) -> str:
    return common_beginning([t[::-1] for t in texts])[::-1]


def _same_start(train: Frame, asked: Frame) -> bool:
    """Compare what stands before the reviews; a guessed one may hold a word or two that they all begin with by chance."""
    one, two = _squeezed(train.before), _squeezed(asked.before)
    if one == two or (train.exact and asked.exact):
        return one == two
    short, long = sorted((train.before.rstrip(), asked.before.rstrip()), key=len)
    return bool(short) and long.startswith(short) and "\n" not in long[len(short) :]


def _same_end(train: Frame, asked: Frame) -> bool:
    """Compare what stands behind them; a guessed one may hold the end of a review that all share by chance."""
    one, two = _squeezed(train.after), _squeezed(asked.after)
    if train.exact and asked.exact:
        return one.startswith(two) and (not one[len(two) :] or len(two) > 0 or not one)
    short, long = sorted((one, two), key=len)
    if len(short) > 1 and long.endswith(short):
        return True
    lines = [line.strip() for line in asked.after.splitlines()[1:] if line.strip()] or [two]
    return all(line in train.after for line in lines)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _difference(one: str, two: str) -> str:
    one, two = _squeezed(one), _squeezed(two)
    start = len(common_beginning([one, two]))
    start = max(0, one[:start].rfind(" ") + 1)
    return f"training has {_short(one[start:])}, inference {_short(two[start:])}"


def _short(text: str) -> str:
    return repr(text[:SHOWN] + ("…" if len(text) > SHOWN else "")) if text else "nothing"

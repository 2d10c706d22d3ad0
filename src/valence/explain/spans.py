"""Where the words that a classifier read stand in the text as it was written.

A splitter lowers case, drops markup and control characters, unifies apostrophes and dots, and tells no places. The places
are found again without knowing its rules: the text is cut at white space and around tags, each part is split by itself, and
as long as the parts give the words of the whole, a word can only lie inside its part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Span = tuple[int, int]
"""First character and the one behind the last."""
Split = Callable[[Sequence[str]], list[list[str]]]
"""Turns n texts into n lists of words."""

_PART = re.compile(r"<[^<>]*>|[^\s<]+|<")
_SAME = str.maketrans({"’": "'", "`": "'", "´": "'", "…": "...", "ς": "σ"})


def locate(text: str, split: Split) -> tuple[Span, ...]:
    """Return the span of each word of `split([text])[0]`, in order; none overlaps the next."""
    words = split([text])[0]
    parts = [found.span() for found in _PART.finditer(text)]
    by_part = split([text[start:end] for start, end in parts]) if parts else []
    if [word for found in by_part for word in found] != words:
        parts, by_part = [(0, len(text))], [words]  # a word that reaches over white space
    spans: list[Span] = []
    for (start, end), found in zip(parts, by_part, strict=True):
        spans += [(start + first, start + last) for first, last in _within(text[start:end], found)]
    return tuple(spans)


def gaps(spans: Sequence[Span], kept: Sequence[int]) -> tuple[Span, ...]:
    """Return the stretches that the words between the `kept` ones cover; neighbours become one."""
    stays = set(kept)
    out: list[Span] = []
    for place, span in enumerate(spans):
        if place in stays:
            continue
        if place - 1 not in stays and out:
            out[-1] = (out[-1][0], span[1])
        else:
            out.append(span)
    return tuple(out)


def _within(part: str, words: Sequence[str]) -> list[Span]:
    for join_dots in (True, False):
        spans = _walk(words, *_fold(part, join_dots=join_dots))
        if spans is not None:
            return spans
    # letters that the splitter replaced in an unforeseen way: its words share the part evenly
    n, size = len(words), len(part)
    return [(size * i // n, size * (i + 1) // n) for i in range(n)]


def _fold(part: str, *, join_dots: bool) -> tuple[str, list[Span]]:
    """Return the letters a splitter may make of `part`, and the span that each of them comes from."""
    letters, places = [], []
    for found in re.finditer(r"\.{2,}|." if join_dots else ".", part, re.DOTALL):
        folded = "..." if len(found[0]) > 1 else found[0].lower().translate(_SAME)
        letters.append(folded)
        places += [found.span()] * len(folded)
    return "".join(letters), places


def _walk(words: Sequence[str], letters: str, places: Sequence[Span]) -> list[Span] | None:
    """Find the words one behind the other; None where one is missing or two share a character."""
    spans: list[Span] = []
    at = 0
    for word in words:
        folded = word.lower().translate(_SAME)
        at = letters.find(folded, at)
        if at < 0 or not folded:
            return None
        span = places[at][0], places[at + len(folded) - 1][1]
        if spans and span[0] < spans[-1][1]:
            return None
        spans.append(span)
        at += len(folded)
    return spans


__all__ = ["Span", "Split", "gaps", "locate"]

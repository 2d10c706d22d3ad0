"""Prompts and the label words that may continue them, as tokens; batches of them; the word that greedy decoding reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

Tokens = tuple[int, ...]
Steps = tuple[tuple[float, ...], ...]
"""The log-probability of every token of each label, in nats."""

WORTH_SHARING = 8
"""A common beginning shorter than this is not worth a cache."""
LOGIT_ROWS = 1024
"""Rows of logits that are held at a time, a row being as long as the vocabulary."""


@dataclass(frozen=True)
class Row:
    """A prompt, and the words that may continue it."""

    prompt: Tokens
    labels: tuple[Tokens, ...]

    @cached_property
    def stems(self) -> tuple[Tokens, ...]:
        """Return what must be read behind the prompt to see every label's tokens predicted: labels without their last token, once each."""
        stems = {label[:-1] for label in self.labels}
        return tuple(sorted(s for s in stems if not any(s != other and other[: len(s)] == s for other in stems)))

    def stem_of(self, label: Tokens) -> Tokens:
        """Return a stem that begins as the label does: its tokens are told there."""
        return next(stem for stem in self.stems if stem[: len(label) - 1] == label[:-1])

    def inputs(self) -> list[Tokens]:
        """Return the sequences to be read, one per stem."""
        return [self.prompt + stem for stem in self.stems]


def common_beginning(rows: Sequence[Row]) -> Tokens:
    """Return the tokens that all prompts begin with; each keeps at least its last token for itself."""
    if not rows:
        return ()
    low, high = min(row.prompt for row in rows), max(row.prompt for row in rows)
    shared = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    shared = min(shared, min(len(row.prompt) for row in rows) - 1)
    return low[:shared] if shared >= WORTH_SHARING else ()


def batches(rows: Sequence[Row], batch_tokens: int, shared: int = 0) -> Iterator[list[int]]:
    """Yield positions of rows of similar length, the longest first, at most `batch_tokens` tokens at a time, the padding counted.

    Of each row the first `shared` tokens are not counted: they are read already.
    """
    size = [len(row.prompt) + max(map(len, row.stems)) - shared for row in rows]
    found: list[int] = []
    filled = 0
    for i in sorted(range(len(rows)), key=lambda i: (-size[i], rows[i].prompt)):
        stems = len(rows[i].stems)
        longest = size[found[0]] if found else size[i]
        if found and (filled + stems) * longest > batch_tokens:
            yield found
            found, filled = [], 0
        found.append(i)
        filled += stems
    if found:
        yield found


def greedy(labels: Sequence[Tokens], steps: Sequence[tuple[float, ...]]) -> int:
    """Return the label that greedy decoding reaches when it may only spell labels: the likeliest next token at each fork."""
    left, depth = list(range(len(labels))), 0
    while len(left) > 1:
        ended = [i for i in left if len(labels[i]) == depth]
        going = [i for i in left if len(labels[i]) > depth]
        if not going:
            return ended[0]
        best = max(going, key=lambda i: steps[i][depth])
        left = [i for i in going if labels[i][depth] == labels[best][depth]]
        depth += 1
    return left[0]

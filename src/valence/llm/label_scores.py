"""Log-probabilities of label words under local weights: no left padding, no mask, what all prompts begin with computed once.

Rows are padded behind. Attention is causal, so nothing before the padding can see it, and positions count on by themselves: a row's
score is that of the row alone, in any batch, for every architecture, sliding windows included.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Tokens = tuple[int, ...]

WORTH_SHARING = 8
"""A common beginning shorter than this is not worth a cache."""
LOGIT_ROWS = 1024
"""Rows of logits that are held at a time, a row being as long as the vocabulary."""


@dataclass(frozen=True)
class Row:
    """A prompt, and the words that may continue it."""

    prompt: Tokens
    labels: tuple[Tokens, ...]

    @property
    def stems(self) -> tuple[Tokens, ...]:
        """Return what must be read behind the prompt to see every label's tokens predicted: labels without their last token, once each."""
        stems = {label[:-1] for label in self.labels}
        return tuple(sorted(s for s in stems if not any(s != other and other[: len(s)] == s for other in stems)))

    def inputs(self) -> list[Tokens]:
        """Return the sequences to be read, one per stem."""
        return [self.prompt + stem for stem in self.stems]


@dataclass
class Beginning:
    """The keys and values of what the last prompts began with."""

    tokens: Tokens = ()
    cache: Any = None


def common_beginning(rows: Sequence[Row]) -> Tokens:
    """Return the tokens that all prompts begin with; each keeps at least its last token for itself."""
    if not rows:
        return ()
    low, high = min(row.prompt for row in rows), max(row.prompt for row in rows)
    shared = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    shared = min(shared, min(len(row.prompt) for row in rows) - 1)
    return low[:shared] if shared >= WORTH_SHARING else ()


def batches(rows: Sequence[Row], batch_tokens: int) -> Iterator[list[int]]:
    """Yield positions of rows of similar length, the longest first, at most `batch_tokens` tokens at a time, the padding counted."""
    size = [max(map(len, row.inputs())) for row in rows]
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


class LabelScorer:
    """Scores rows under a causal language model of transformers."""

    def __init__(self, model: Any, device: Any) -> None:  # noqa: ANN401 - transformers has no types
        self._model, self._device = model, device
        self._beginning = Beginning()

    def score(self, rows: Sequence[Row], batch_tokens: int) -> Iterator[tuple[int, tuple[tuple[float, ...], ...]]]:
        """Yield each row's position and the log-probability of every token of each of its labels, in nats."""
        shared = common_beginning(rows)
        self._read_beginning(shared)
        for batch in batches(rows, max(batch_tokens, 1)):
            yield from zip(batch, self._score([rows[i] for i in batch], len(shared)), strict=True)

    def _score(self, rows: list[Row], shared: int) -> list[tuple[tuple[float, ...], ...]]:
        import torch

        inputs = [tokens for row in rows for tokens in row.inputs()]
        wanted = [(len(row.prompt), len(tokens)) for row in rows for tokens in row.inputs()]
        with torch.inference_mode():
            found = self._log_probs(inputs, wanted, shared)
        scores, at = [], 0
        for row in rows:
            stems = dict(zip(row.stems, found[at : at + len(row.stems)], strict=True))
            at += len(stems)
            scores.append(tuple(_steps(label, stems) for label in row.labels))
        return scores

    def _log_probs(self, inputs: list[Tokens], wanted: list[tuple[int, int]], shared: int) -> list[Tensor]:
        """Return per input the log-probabilities (length - prompt + 1, vocabulary) of what follows its prompt, and each token behind it."""
        import torch

        positions = sorted({p - shared for prompt, length in wanted for p in range(prompt - 1, length)})
        share = max(LOGIT_ROWS // len(positions), 1)
        if len(inputs) > share:  # many lengths in one batch would hold a row of logits for each of them
            parts = range(0, len(inputs), share)
            return [row for i in parts for row in self._log_probs(inputs[i : i + share], wanted[i : i + share], shared)]
        longest = max(map(len, inputs)) - shared
        ids = torch.zeros(len(inputs), longest, dtype=torch.long)
        for i, tokens in enumerate(inputs):
            ids[i, : len(tokens) - shared] = torch.tensor(tokens[shared:])
        keep = torch.tensor(positions, device=self._device)
        cache = self._copies(len(inputs)) if shared else None
        output = self._model(input_ids=ids.to(self._device), past_key_values=cache, use_cache=cache is not None, logits_to_keep=keep)
        logs = output.logits.float().log_softmax(-1).cpu()
        column = {position: j for j, position in enumerate(positions)}
        return [logs[i, [column[p - shared] for p in range(prompt - 1, length)]] for i, (prompt, length) in enumerate(wanted)]

    def _read_beginning(self, tokens: Tokens) -> None:
        import torch

        if tokens and tokens != self._beginning.tokens:
            with torch.inference_mode():
                ids = torch.tensor([tokens], device=self._device)
                cache = self._model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
            self._beginning = Beginning(tokens, cache)

    def _copies(self, rows: int) -> Any:  # noqa: ANN401
        cache = copy.deepcopy(self._beginning.cache)  # the model appends to the one it is given
        cache.batch_repeat_interleave(rows)
        return cache


def _steps(label: Tokens, stems: dict[Tokens, Tensor]) -> tuple[float, ...]:
    """Return the log-probability of each token of a label, read off a stem that begins as the label does."""
    stem = next(s for s in stems if s[: len(label) - 1] == label[:-1])
    return tuple(float(stems[stem][i, token]) for i, token in enumerate(label))


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

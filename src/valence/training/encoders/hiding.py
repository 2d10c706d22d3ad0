"""Which words of which texts are hidden in a step, and what is shown instead (Devlin et al., 2019, arXiv:1810.04805, section 3.1).

Texts lie one behind the other in rows of about as many tokens, in a new order each epoch; as many words of each row are hidden,
others each time, so that no step waits for the device to learn how many there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from valence.errors import BadSetting
from valence.text.subwords import Subwords
from valence.text.vocabulary import Tokens
from valence.training.batching import LEAST_STEPS
from valence.training.encoders.layout import Layout
from valence.training.encoders.masked_words import Masker

MASKED, SWAPPED = 0.8, 0.1
"""Of the hidden words, the share shown as the mask token, and the share shown as another word; the rest is shown as it is."""


@dataclass(frozen=True, slots=True)
class Hiding:
    """Which words can be hidden, and what is shown in their place."""

    mask: int
    """Id of the mask token."""
    special: Tensor
    """(vocabulary,) bool, whether an id is a special token: never hidden, and never shown instead of a word."""
    words: Tensor
    """(words,) int64, the other ids."""

    @classmethod
    def by(cls, subwords: Subwords, name: str, device: torch.device) -> Hiding:
        """Read it off the tokenizer of the backbone `name`.

        Raises:
            BadSetting: it has no mask token.
        """
        said = subwords.names.get("mask_token")
        mask = subwords.tokenizer.token_to_id(said) if isinstance(said, str) else None
        if mask is None:
            raise BadSetting(f"backbone {name!r} has no mask token, so no word can be hidden. Choose another, or --pretraining-epochs 0.")
        ids = subwords.tokenizer.get_vocab(with_added_tokens=True).values()
        special = torch.zeros(max(ids) + 1, dtype=torch.bool)
        special[[mask, *(i for i, t in subwords.tokenizer.get_added_tokens_decoder().items() if t.special)]] = True
        words = torch.tensor([i for i in sorted(ids) if not special[i]])
        return cls(mask, special.to(device), words.to(device))

    def hide(self, ids: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Hide `count` words of a row; no number of it passes through the CPU.

        Args:
            ids: (tokens,) int64.
            count: how many; where the row has fewer words, special tokens make up for them.

        Returns:
            The (count,) places of the hidden words, and (tokens,) what is shown.
        """
        places = torch.rand(len(ids), device=ids.device).masked_fill(self.special[ids], -1.0).topk(count).indices
        drawn = self.words[torch.randint(len(self.words), (count,), device=ids.device)]
        fate = torch.rand(count, device=ids.device)
        shown = torch.where(fate < MASKED + SWAPPED, drawn, ids[places]).masked_fill(fate < MASKED, self.mask)
        return places, ids.scatter(0, places, shown)


class Rows:
    """n encoded texts, flat on one device, in rows of about as many tokens each, drawn anew for every epoch."""

    def __init__(self, tokens: Tokens, *, budget: int, seed: int, device: torch.device) -> None:
        """Take the texts; a set too small for `LEAST_STEPS` rows is cut into about so many smaller ones."""
        self.device = device
        self._lengths = tokens.lengths
        self._starts = tokens.offsets[:-1]
        self._ids = torch.from_numpy(np.ascontiguousarray(tokens.ids)).to(device)
        total = int(self._lengths.sum())
        self._budget = max(min(budget, total // LEAST_STEPS), int(self._lengths.max(initial=1)))
        self._seed = seed
        self._epoch, self._cut = -1, [np.zeros(0, dtype=np.intp)]
        self.per_epoch = math.ceil(total / self._budget)

    def texts(self, epoch: int, place: int) -> NDArray[np.intp]:
        """Return which texts make the row `place` of an epoch, in an order of their own."""
        if epoch != self._epoch:
            order = np.random.default_rng([self._seed, epoch]).permutation(len(self._lengths))
            row_of = (np.cumsum(self._lengths[order]) - 1) // self._budget
            # no text is longer than a row, so that one ends in each
            self._cut = np.split(order, np.flatnonzero(np.diff(row_of)) + 1)
            self._epoch = epoch
        return self._cut[place]

    def read(self, texts: NDArray[np.intp]) -> tuple[Tensor, Layout]:
        """Return (tokens,) int64 ids of the texts, one behind the other, and where each lies."""
        layout = Layout(self._lengths[texts], self.device)
        starts = torch.from_numpy(self._starts[texts]).to(self.device)
        first = torch.repeat_interleave(starts, layout.counts, output_size=int(layout.own.sum()))
        return self._ids[first + layout.order].long(), layout


class HiddenWords:
    """Guess hidden words: the objective of a pretraining."""

    def __init__(self, network: Masker, tokens: Tokens, hiding: Hiding, *, share: float, epochs: int, budget: int, seed: int) -> None:
        """Prepare for `epochs` passes.

        Args:
            network: on the device to train on.
            tokens: the texts; each has at least one special token.
            hiding: how to hide.
            share: of the words of a row that are hidden.
            epochs: passes over the texts; each hides other words.
            budget: tokens of a row, about.
            seed: of the order; the hidden words are drawn from the global generator of the device.
        """
        self.network = network
        self._rows = Rows(tokens, budget=budget, seed=seed, device=next(network.parameters()).device)
        self._words = np.add.reduceat(~hiding.special.cpu().numpy()[tokens.ids], tokens.offsets[:-1], dtype=np.int64)
        self._hiding = hiding
        self._share = share
        self.steps = epochs * self._rows.per_epoch

    def loss(self, step: int) -> Tensor:
        """Return the mean cross-entropy of a row's hidden words, in nats."""
        texts = self._rows.texts(*divmod(step, self._rows.per_epoch))
        ids, layout = self._rows.read(texts)
        places, shown = self._hiding.hide(ids, max(1, round(self._share * int(self._words[texts].sum()))))
        return F.cross_entropy(self.network(shown, layout, places).float(), ids[places])

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: no step needs another."""
        return {}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Do nothing: a row follows from its step."""


__all__ = ["MASKED", "SWAPPED", "HiddenWords", "Hiding", "Rows"]

"""Vectors of n-grams beside those of words (Joulin et al., 2016, arXiv:1607.01759; Li et al., 2016, ACL C16-1150)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.text.vocabulary import PAD, UNK
from valence.training.networks.words import START_SCALE, WordEmbedding


class PhraseTable(nn.Module):
    """The n-grams of one order and their vectors; they are looked up exactly, no two share a vector."""

    keys: Tensor

    def __init__(self, keys: Tensor, vectors: Tensor, votes: Tensor | None = None) -> None:
        """Take (n,) int64 sorted keys, as `learn_phrases` gives them, (n, dimension) float32 start values and (n, columns) votes."""
        super().__init__()
        self.register_buffer("keys", keys)
        self.table = _table(F.pad(vectors, (0, 0, 1, 0)))
        self.votes = None if votes is None else _table(F.pad(votes, (0, 0, 1, 0)))

    def find(self, prefix: Tensor, tokens: Tensor, words: int) -> Tensor:
        """Return the number of the n-gram that ends at each word, -1 where none does.

        Args:
            prefix: (batch, time) number of the shorter n-gram that ends one word before; -1 where none does.
            tokens: (batch, time) word ids.
            words: size of the vocabulary.
        """
        if not len(self.keys):
            return torch.full_like(tokens, -1)
        asked = torch.where((prefix >= 0) & (tokens > UNK), prefix * words + tokens, -1)
        place = torch.searchsorted(self.keys, asked).clamp(max=len(self.keys) - 1)
        return torch.where(self.keys[place] == asked, place, -1)

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:  # noqa: ANN401
        """Make room for as many n-grams as are stored: a network that is read back does not know them before."""
        keys = state.get(f"{prefix}keys", self.keys)
        if len(keys) != len(self.keys):
            self.keys = torch.empty_like(keys, device=self.keys.device)
            self.table = _table(self.table.weight.new_zeros(len(keys) + 1, self.table.embedding_dim))
            if self.votes is not None:
                self.votes = _table(self.votes.weight.new_zeros(len(keys) + 1, self.votes.embedding_dim))
        super()._load_from_state_dict(state, prefix, *rest)


def _table(vectors: Tensor) -> nn.Embedding:
    """Return an embedding whose row 0 is no n-gram: zero, and stays so."""
    return nn.Embedding(len(vectors), vectors.shape[1], padding_idx=0, _weight=vectors.float().clone())


class PhraseEmbedding(WordEmbedding):
    """Word vectors, and added to each the vectors of the n-grams that end at the word; behind them its votes, if there are any.

    Word dropout draws apart for words and for n-grams, for vectors and for votes; an n-gram is looked up in the text as it stands.
    """

    def __init__(
        self,
        vectors: Tensor,
        phrases: Sequence[tuple[Tensor, Tensor]],
        votes: Sequence[Tensor] = (),
        *,
        word_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        """Take the words' start values, for the orders 2, 3, … the keys and start values of the n-grams, and for all orders the votes.

        Votes are (words, columns) or (n-grams, columns) float32, what a linear model beside the network gives a text for each.
        """
        super().__init__(vectors, word_dropout=word_dropout, dropout=dropout)
        own, *others = votes or [None] * (len(phrases) + 1)  # type: ignore[list-item]
        self.phrases = nn.ModuleList(PhraseTable(*start, other) for start, other in zip(phrases, others, strict=True))
        self.votes = None if own is None else _table(own.index_fill(0, torch.tensor([PAD, UNK]), 0.0))

    @property
    def columns(self) -> int:
        """Numbers behind each vector that are votes."""
        return 0 if self.votes is None else self.votes.embedding_dim

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (batch, time, dimension + columns); zeros at `PAD`."""
        places = self._places(tokens)
        tables = [self.table, *(phrases.table for phrases in self.phrases)]
        vectors = self._dropout(self._total(tables, places))  # type: ignore[arg-type]
        if self.votes is None:
            return vectors
        votes = self._total([self.votes, *(phrases.votes for phrases in self.phrases)], places)  # type: ignore[list-item]
        return torch.cat([vectors, votes], dim=2)

    def _places(self, tokens: Tensor) -> list[Tensor]:
        """Return for the orders 1, 2, … the (batch, time) row of the n-gram that ends at each word; 0 where none does."""
        places, below = [tokens], torch.where(tokens > UNK, tokens, -1)
        for phrases in self.phrases:
            before = F.pad(below, (1, 0), value=-1)[:, :-1]
            below = phrases.find(before, tokens, self.table.num_embeddings)  # type: ignore[operator]
            places.append(below + 1)
        return places

    def _total(self, tables: Sequence[nn.Embedding], places: Sequence[Tensor]) -> Tensor:
        """Return the (batch, time, numbers) sum over the orders, word dropout applied."""
        parts = [table(self.hide(place)) for table, place in zip(tables, places, strict=True)]
        total: Tensor = functools.reduce(torch.add, parts)
        return total


def start_phrases(keys: Tensor, dimension: int) -> tuple[Tensor, Tensor]:
    """Return `keys` and a random (n, dimension) start, of the size that word vectors start with."""
    return keys, torch.randn(len(keys), dimension) * START_SCALE


__all__ = ["PhraseEmbedding", "PhraseTable", "start_phrases"]

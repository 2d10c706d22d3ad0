"""Vectors of n-grams beside those of words (Joulin et al., 2016, arXiv:1607.01759; Li et al., 2016, ACL C16-1150)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.text.vocabulary import UNK
from valence.training.networks.words import START_SCALE, WordEmbedding


class PhraseTable(nn.Module):
    """The n-grams of one order and their vectors; they are looked up exactly, no two share a vector."""

    keys: Tensor

    def __init__(self, keys: Tensor, vectors: Tensor) -> None:
        """Take (n,) int64 sorted keys, as `learn_phrases` gives them, and (n, dimension) float32 start values."""
        super().__init__()
        self.register_buffer("keys", keys)
        self.table = _table(F.pad(vectors, (0, 0, 1, 0)))

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
        super()._load_from_state_dict(state, prefix, *rest)


def _table(vectors: Tensor) -> nn.Embedding:
    """Return an embedding whose row 0 is no n-gram: zero, and stays so."""
    return nn.Embedding(len(vectors), vectors.shape[1], padding_idx=0, _weight=vectors.float().clone())


class PhraseEmbedding(WordEmbedding):
    """Word vectors, and added to each the vectors of the n-grams that end at the word.

    Word dropout draws apart for words and for n-grams; an n-gram is looked up in the text as it stands.
    """

    def __init__(
        self, vectors: Tensor, phrases: Sequence[tuple[Tensor, Tensor]], *, word_dropout: float = 0.0, dropout: float = 0.0
    ) -> None:
        """Take the words' start values, and for the orders 2, 3, … the keys and start values of the n-grams."""
        super().__init__(vectors, word_dropout=word_dropout, dropout=dropout)
        self.phrases = nn.ModuleList(PhraseTable(keys, start) for keys, start in phrases)

    def look_up(self, tokens: Tensor) -> Tensor:
        """Return (batch, time, dimension), word dropout applied."""
        vectors, below = super().look_up(tokens), torch.where(tokens > UNK, tokens, -1)
        for phrases in self.phrases:
            before = F.pad(below, (1, 0), value=-1)[:, :-1]
            below = phrases.find(before, tokens, self.table.num_embeddings)  # type: ignore[operator]
            vectors = vectors + phrases.table(self.hide(below + 1))  # type: ignore[operator]
        return vectors


def start_phrases(keys: Tensor, dimension: int) -> tuple[Tensor, Tensor]:
    """Return `keys` and a random (n, dimension) start, of the size that word vectors start with."""
    return keys, torch.randn(len(keys), dimension) * START_SCALE


__all__ = ["PhraseEmbedding", "PhraseTable", "start_phrases"]

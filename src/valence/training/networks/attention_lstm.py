"""Attention over the states of a bidirectional LSTM (Zhou et al., 2016, doi:10.18653/v1/P16-2034)."""

from __future__ import annotations

from torch import Tensor

from valence.text.vocabulary import PAD
from valence.training.networks.pooling import Attention
from valence.training.networks.recurrent import RecurrentReader
from valence.training.networks.words import WordEmbedding, WordNetwork


class AttentionLstmNetwork(WordNetwork):
    """States of a bidirectional reader, weighted by attention over time and summed, logits."""

    one_shape = True

    def __init__(self, embedding: WordEmbedding, reader: RecurrentReader, labels: int, *, attention: int, dropout: float) -> None:
        super().__init__(embedding, reader.features, labels, dropout=dropout)
        self.reader = reader
        self.attention = Attention(reader.features, attention)

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return the weighted sum of a text's states."""
        summed: Tensor = self.attention(self.reader(vectors, lengths), inside)
        return summed

    def weights(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return the (batch, time) attention on each word: zero behind a text, one in sum over its own words."""
        words = self.embed(tokens)[..., : self.embedding.dimension]
        return self.attention.weights(self.reader(words, lengths), tokens != PAD)


__all__ = ["AttentionLstmNetwork"]

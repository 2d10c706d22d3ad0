"""What all word networks share: words become vectors, a body reads them, a linear head gives the logits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from valence.errors import BadSetting
from valence.text.vocabulary import PAD
from valence.text.word_vectors import WordVectors
from valence.training.networks.pooling import sum_over_root
from valence.training.networks.room import Rectangular

START_SCALE = 0.1
"""Standard deviation of the numbers in a word vector before training."""
VOTES_RATE = 0.1
"""Learning rate of votes as a share of the network's: they start at a solution."""
NETWORK_SHARE = 0.75
"""Share of the training texts that the network answers, where a linear model stands beside it."""


def start_vectors(words: Sequence[str], dimension: int, pretrained: WordVectors | None = None) -> Tensor:
    """Return a (words, dimension) table to start from: pretrained numbers where there are any, random ones elsewhere.

    Pretrained vectors are scaled to the size of the random ones, which keeps one learning rate right for both.

    Raises:
        BadSetting: the pretrained vectors are longer than `dimension`.
    """
    table = torch.randn(len(words), dimension) * START_SCALE
    if pretrained is not None:
        if pretrained.dimension > dimension:
            raise BadSetting(f"The word vectors have {pretrained.dimension} numbers, --dimension is {dimension}: give at least as many.")
        rows, known = pretrained.look_up(words)
        scale = START_SCALE / max(float(rows[known].std()), 1e-12) if known.any() else 1.0
        table[torch.from_numpy(known), : pretrained.dimension] = torch.from_numpy(rows[known] * scale)
    return table


class WordEmbedding(nn.Module):
    """Word vectors with two kinds of dropout.

    Word dropout zeroes whole words of a text (Iyyer et al., 2015, doi:10.3115/v1/P15-1162); it is what keeps a network from
    leaning on the few words that give a training text away. The second kind zeroes single numbers.
    """

    def __init__(self, vectors: Tensor, *, word_dropout: float = 0.0, dropout: float = 0.0) -> None:
        """Take the start values, (words, dimension) float32; row `PAD` becomes zero and stays so."""
        super().__init__()
        words, dimension = vectors.shape
        self.table = nn.Embedding(words, dimension, padding_idx=PAD, _weight=vectors.float().clone())
        with torch.no_grad():
            self.table.weight[PAD] = 0
        self._word_dropout = word_dropout
        self._dropout = nn.Dropout(dropout)

    @property
    def dimension(self) -> int:
        """Length of a word vector."""
        return int(self.table.embedding_dim)

    @property
    def columns(self) -> int:
        """Numbers behind each vector that are votes of a linear model beside the network."""
        return 0

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (batch, time, dimension); zeros at `PAD`."""
        vectors: Tensor = self._dropout(self.look_up(tokens))
        return vectors

    def look_up(self, tokens: Tensor) -> Tensor:
        """Return (batch, time, dimension), word dropout applied."""
        vectors: Tensor = self.table(self.hide(tokens))
        return vectors

    def hide(self, numbers: Tensor) -> Tensor:
        """Turn a share of the numbers into 0, whose vector is zero: in training only."""
        if self.training and self._word_dropout:
            return numbers.masked_fill(torch.rand(numbers.shape, device=numbers.device) < self._word_dropout, PAD)
        return numbers


class Votes(nn.Module):
    """The logits of a linear model over words: their votes in sum over the root of the length, under a learned factor and bias."""

    def __init__(self, columns: int, labels: int) -> None:
        super().__init__()
        self.share = 0.5
        """Of the answer beside a network."""
        self.factor = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(labels))
        self._single = columns == 1

    def forward(self, votes: Tensor, inside: Tensor) -> Tensor:
        """Map (batch, time, columns) votes to (batch, labels) logits; one column votes for the second of two labels, against the first."""
        total = sum_over_root(votes, inside) * self.factor
        return (torch.cat([-total, total], dim=1) / 2 if self._single else total) + self.bias


class WordNetwork(Rectangular, nn.Module, ABC):
    """Words in, logits out; a subclass says what lies between.

    Over an embedding with votes, the network stands beside a linear model (Cheng et al., 2016, doi:10.1145/2988450.2988454): the
    logits are a weighted mean of both. In training either answers alone, drawn for each text, so that neither leans on the other.
    """

    def __init__(self, embedding: WordEmbedding, features: int, labels: int, *, dropout: float) -> None:
        super().__init__()
        self.embedding = embedding
        self.head = nn.Linear(features, labels)
        self._dropout = nn.Dropout(dropout)
        self.linear = Votes(embedding.columns, labels) if embedding.columns else None

    @abstractmethod
    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, features) from word vectors.

        Args:
            vectors: (batch, time, dimension).
            inside: (batch, time) bool, true at a text's own words.
            lengths: (batch,) int64 on any device, words of each text.
        """

    def rate_of(self, parameter: str) -> float:
        """Return the parameter's learning rate as a share of the recipe's: votes start at a solution, and are few of a word's numbers."""
        return VOTES_RATE if parameter.startswith("embedding.") and parameter.endswith("votes.weight") else 1.0

    def embed(self, tokens: Tensor) -> Tensor:
        """Return the (batch, time, dimension + columns) vectors of `tokens`, dropout applied."""
        vectors: Tensor = self.embedding(tokens)
        return vectors

    def classify(self, vectors: Tensor, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, labels) logits of texts whose words are already vectors."""
        inside = tokens != PAD
        words = vectors[..., : self.embedding.dimension]
        logits: Tensor = self.head(self._dropout(self.read(words, inside, lengths)))
        if self.linear is None:
            return logits
        share: Tensor | float = 1 - self.linear.share
        if self.training:
            share = (torch.rand(len(tokens), 1, device=tokens.device) < NETWORK_SHARE).to(logits.dtype)
        both: Tensor = share * logits + (1 - share) * self.linear(vectors[..., self.embedding.dimension :], inside)
        return both

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, labels) logits.

        Args:
            tokens: (batch, time) int64, `PAD` behind each text.
            lengths: (batch,) int64 on any device.
        """
        return self.classify(self.embed(tokens), tokens, lengths)


__all__ = ["START_SCALE", "Votes", "WordEmbedding", "WordNetwork", "start_vectors"]

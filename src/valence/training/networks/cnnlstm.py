"""Convolution over words, then a bidirectional LSTM over what it found, in time order (Zhou et al., 2015, arXiv:1511.08630)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from valence.training.networks.cnn import WordConvolution
from valence.training.networks.pooling import POOLS, Beside, max_over_time
from valence.training.networks.recurrent import RecurrentReader
from valence.training.networks.words import WordEmbedding, WordNetwork


def pool_windows(states: Tensor, inside: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Keep the largest value of each feature in every window of `size` words, counted from a text's first word.

    Args:
        states: (batch, time, features), non-negative, as a ReLU leaves them.
        inside: (batch, time) bool.
        size: words of a window.

    Returns:
        (batch, windows, features) and the (batch, windows) mask of windows that hold a word.
    """
    batch, time, features = states.shape
    rest = -time % size
    windows = F.pad(states * inside[..., None], (0, 0, 0, rest)).view(batch, -1, size, features)
    return windows.amax(dim=2), F.pad(inside, (0, rest)).view(batch, -1, size).any(dim=2)


class CnnLstmNetwork(WordNetwork):
    """Filters over words, the strongest answer in each window, a reader over the windows, logits."""

    one_shape = True

    def __init__(
        self,
        embedding: WordEmbedding,
        convolution: WordConvolution,
        reader: RecurrentReader,
        labels: int,
        *,
        window: int,
        dropout: float,
        beside: Beside = "mean",
    ) -> None:
        super().__init__(embedding, 2 * reader.features, labels, dropout=dropout)
        self.convolution = convolution
        self.reader = reader
        self._window = window
        self._beside = beside

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return the largest state over the windows of a text, and beside it their mean or their sum over the root of their number."""
        found, inside = pool_windows(self.convolution(vectors), inside, self._window)
        states = self.reader(found, -(-lengths // self._window))
        return torch.cat([max_over_time(states, inside).float(), POOLS[self._beside](states, inside)], dim=1)


__all__ = ["CnnLstmNetwork", "pool_windows"]

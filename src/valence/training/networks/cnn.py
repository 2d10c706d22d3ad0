"""Convolutions over words, the largest answer of each kept (Kim, 2014, doi:10.3115/v1/D14-1181)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.training.networks.pooling import POOLS, Beside
from valence.training.networks.words import WordEmbedding, WordNetwork


class WordConvolution(nn.Module):
    """Filters of several widths that slide over the words; the text's length stays."""

    def __init__(self, dimension: int, filters: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.features = filters * len(widths)
        self.filters = nn.ModuleList(nn.Conv2d(dimension, filters, (1, width)) for width in widths)
        self._widths = tuple(widths)

    def answers(self, vectors: Tensor) -> list[Tensor]:
        """Map (batch, time, dimension), zeros behind each text, to one (batch, time, filters) for each width.

        A window of width w is centred at its word; of an even width it reaches one word further back. The batch is laid out
        as one row of words with zeros between neighbours, channels last: no copy is made of it, and it is the layout that
        both oneDNN and cuDNN are fastest in.
        """
        batch, time, dimension = vectors.shape
        reach = max(self._widths) - 1
        left = (reach + 1) // 2
        row = F.pad(vectors, (0, 0, left, reach - left)).reshape(-1, dimension)
        row = F.pad(row, (0, 0, 0, reach)).view(1, 1, -1, dimension).permute(0, 3, 1, 2)
        count = batch * (time + reach)
        out = []
        for width, convolve in zip(self._widths, self.filters, strict=True):
            start = left - width // 2
            answer = convolve(row[..., start : start + count + width - 1])
            out.append(answer.permute(0, 2, 3, 1).reshape(batch, time + reach, -1)[:, :time])
        return out

    def forward(self, vectors: Tensor) -> Tensor:
        """Return (batch, time, features), after a ReLU."""
        return torch.cat(self.answers(vectors), dim=2).relu()


class CnnNetwork(WordNetwork):
    """Filters over words, max over time, dropout, logits."""

    def __init__(
        self,
        embedding: WordEmbedding,
        labels: int,
        *,
        filters: int,
        widths: Sequence[int],
        dropout: float,
        beside: Beside | None = None,
    ) -> None:
        super().__init__(embedding, filters * len(widths) * (2 if beside else 1), labels, dropout=dropout)
        self.convolution = WordConvolution(embedding.dimension, filters, widths)
        self._beside = beside

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return the strongest answer of each filter, and with `beside` also its mean answer or their sum over the root of the length."""
        outside, lowest = ~inside[..., None], torch.finfo(torch.float32).min
        answers = [answer.float().masked_fill(outside, lowest) for answer in self.convolution.answers(vectors)]
        # the ReLU after the maximum gives what it gives before it, on far fewer numbers
        pooled = [answer.max(dim=1).values.relu() for answer in answers]
        if self._beside:
            pooled += [POOLS[self._beside](answer.relu(), inside) for answer in answers]
        return torch.cat(pooled, dim=1)


__all__ = ["CnnNetwork", "WordConvolution"]

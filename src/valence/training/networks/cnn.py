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
        as one row of words with zeros between neighbours.
        """
        batch, time, dimension = vectors.shape
        reach = max(self._widths) - 1
        left = (reach + 1) // 2
        row = F.pad(vectors, (0, 0, left, reach - left)).reshape(-1, dimension)
        row = F.pad(row, (0, 0, 0, reach))
        found = self._multiply(row) if row.is_cuda else self._convolve(row)
        return [answer.view(batch, time + reach, -1)[:, :time] for answer in found]

    def _convolve(self, row: Tensor) -> list[Tensor]:
        """Return the (words, filters) of each width: channels last, the layout that oneDNN is fastest in, and no copy is made."""
        reach = max(self._widths) - 1
        image = row.view(1, 1, *row.shape).permute(0, 3, 1, 2)
        count = len(row) - reach
        starts = ((reach + 1) // 2 - width // 2 for width in self._widths)
        answers = [
            convolve(image[..., start : start + count + width - 1])
            for start, width, convolve in zip(starts, self._widths, self.filters, strict=True)
        ]
        return [answer.permute(0, 2, 3, 1).reshape(count, -1) for answer in answers]

    def _multiply(self, row: Tensor) -> list[Tensor]:
        """Return the same by one matrix product for all widths: cuDNN spends milliseconds on a plan for every new length of a row."""
        longest = max(self._widths)
        weights = []
        for width, convolve in zip(self._widths, self.filters, strict=True):
            start = longest // 2 - width // 2
            # (filters, dimension, 1, width) to (filters, longest * dimension), zeros at the places it does not span
            own = convolve.get_parameter("weight").squeeze(2).transpose(1, 2)
            weights.append(F.pad(own, (0, 0, start, longest - start - width)).flatten(1))
        if torch.is_autocast_enabled(row.device.type):
            row = row.to(torch.get_autocast_dtype(row.device.type))
        windows = row.unfold(0, longest, 1).transpose(1, 2).reshape(len(row) - longest + 1, -1)
        bias = torch.cat([convolve.get_parameter("bias") for convolve in self.filters])
        answers: Tensor = F.linear(windows, torch.cat(weights), bias)
        return list(answers.chunk(len(weights), dim=1))

    def forward(self, vectors: Tensor) -> Tensor:
        """Return (batch, time, features), after a ReLU."""
        return torch.cat(self.answers(vectors), dim=2).relu()


class CnnNetwork(WordNetwork):
    """Filters over words, max over time, dropout, logits."""

    one_shape = True

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
        answers = self.convolution.answers(vectors)
        outside, lowest = ~inside[..., None], torch.finfo(answers[0].dtype).min
        answers = [answer.masked_fill(outside, lowest) for answer in answers]
        # the ReLU after the maximum gives what it gives before it, on far fewer numbers
        pooled = [answer.max(dim=1).values.float().relu() for answer in answers]
        if self._beside:
            pooled += [POOLS[self._beside](answer.relu(), inside) for answer in answers]
        return torch.cat(pooled, dim=1)


__all__ = ["CnnNetwork", "WordConvolution"]

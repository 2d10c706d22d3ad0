"""Bidirectional LSTM and GRU layers in which padding takes no part (Schuster and Paliwal, 1997, doi:10.1109/78.650093)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from valence.training.networks.pooling import POOLS, Beside, max_over_time
from valence.training.networks.words import WordEmbedding, WordNetwork

Cell = Literal["lstm", "gru"]


class Bidirectional(nn.Module):
    """One layer that reads every text from its first word to its last and from its last to its first."""

    def __init__(self, cell: Cell, features: int, hidden: int) -> None:
        super().__init__()
        self.cell = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](features, hidden, bidirectional=True)
        self.features = 2 * hidden
        """Length of a state: both directions, side by side."""
        if cell == "lstm":
            self._open_forget_gates(hidden)

    def _open_forget_gates(self, hidden: int) -> None:
        """Start with a memory that lasts (Jozefowicz et al., 2015, ICML): bias 1 at the forget gates."""
        with torch.no_grad():
            for name, bias in self.cell.named_parameters():
                if name.startswith("bias_ih"):
                    bias[hidden : 2 * hidden] = 1.0

    def forward(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, time, 2 * hidden) states; what stands behind a text's end is of no meaning.

        Args:
            vectors: (batch, time, features).
            lengths: (batch,) int64 on the CPU, each from 1 to time.
        """
        return self._packed(vectors, lengths) if vectors.is_cuda else self._mirrored(vectors, lengths)

    def _packed(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """Run both directions in one call of cuDNN over the words alone, sorted by time: no step is spent on padding.

        Autocast would turn the layer to float16 whatever it was told; it runs in float32 with TF32 products instead.
        """
        batch, time, features = vectors.shape
        order = torch.argsort(lengths, descending=True, stable=True)
        step = torch.arange(int(lengths.max()))[:, None]
        alive = lengths[order] > step
        place = (order * time + step)[alive].to(vectors.device, non_blocking=True)
        with torch.autocast(vectors.device.type, enabled=False):
            words = vectors.float().reshape(-1, features).index_select(0, place)
            states: Tensor = self.cell(PackedSequence(words, alive.sum(dim=1)))[0].data
        return states.new_zeros(batch * time, self.features).index_copy(0, place, states).view(batch, time, -1)

    def _mirrored(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """Run the second direction over texts turned round in place, so that padding stays behind them.

        On a CPU, packed sequences take six times as long: their backward pass goes step by step.
        """
        turned = mirror(self._direction(mirror(vectors, lengths), "_reverse"), lengths)
        return torch.cat([self._direction(vectors, ""), turned], dim=2)

    def _direction(self, vectors: Tensor, suffix: str) -> Tensor:
        weights = [getattr(self.cell, name + suffix) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
        steps = vectors.transpose(0, 1)
        state = steps.new_zeros(1, len(vectors), self.features // 2)
        if isinstance(self.cell, nn.LSTM):
            states = torch.lstm(steps, (state, state), weights, True, 1, 0.0, self.training, False, False)[0]
        else:
            states = torch.gru(steps, state, weights, True, 1, 0.0, self.training, False, False)[0]
        return states.transpose(0, 1)


def mirror(states: Tensor, lengths: Tensor) -> Tensor:
    """Turn each text round, (batch, time, features), leaving what lies behind it where it is; twice is nothing."""
    batch, time, features = states.shape
    step = torch.arange(time)
    inside = step < lengths[:, None]
    source = torch.where(inside, lengths[:, None] - 1 - step, step) + torch.arange(batch)[:, None] * time
    return states.reshape(-1, features).index_select(0, source.flatten().to(states.device)).view(batch, time, features)


def chop(vectors: Tensor, lengths: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Cut texts into pieces that are read side by side (Johnson and Zhang, 2016, arXiv:1602.02373, section 3.2).

    Args:
        vectors: (batch, time, features).
        lengths: (batch,) int64 on the CPU.
        size: words of a piece.

    Returns:
        (batch * pieces, size, features) and the (batch * pieces,) lengths; a piece behind a text's end counts as one word.
    """
    pieces = -(-vectors.shape[1] // size)
    filled = F.pad(vectors, (0, 0, 0, pieces * size - vectors.shape[1]))
    left = lengths[:, None] - torch.arange(pieces) * size
    return filled.reshape(-1, size, vectors.shape[2]), left.clamp(1, size).flatten()


class RecurrentReader(nn.Module):
    """Layers of one cell, each over the states of the one before."""

    def __init__(self, cell: Cell, features: int, hidden: int, *, layers: int = 1, dropout: float = 0.0, piece: int = 0) -> None:
        super().__init__()
        sizes = [features, *[2 * hidden] * (layers - 1)]
        self.layers = nn.ModuleList(Bidirectional(cell, size, hidden) for size in sizes)
        self.features = 2 * hidden
        self._dropout = nn.Dropout(dropout)
        self._piece = piece

    def forward(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, time, features) states; only those of a text's own words mean anything."""
        batch, time, _ = vectors.shape
        if self._piece:
            vectors, lengths = chop(vectors, lengths, self._piece)
        for number, layer in enumerate(self.layers):
            vectors = layer(self._dropout(vectors) if number else vectors, lengths)
        return vectors.reshape(batch, -1, self.features)[:, :time]


class RecurrentNetwork(WordNetwork):
    """States of a bidirectional reader, their largest and their mean over time (or their sum over the root of it), logits."""

    def __init__(self, embedding: WordEmbedding, reader: RecurrentReader, labels: int, *, dropout: float, beside: Beside = "mean") -> None:
        super().__init__(embedding, 2 * reader.features, labels, dropout=dropout)
        self.reader = reader
        self._beside = beside

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return the largest state of a text's own words, and beside it their mean or their sum over the root of their number."""
        states = self.reader(vectors, lengths)
        return torch.cat([max_over_time(states, inside).float(), POOLS[self._beside](states, inside)], dim=1)


__all__ = ["Bidirectional", "Cell", "RecurrentNetwork", "RecurrentReader", "chop", "mirror"]

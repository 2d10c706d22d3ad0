"""Bidirectional LSTM and GRU layers in which padding takes no part (Schuster and Paliwal, 1997, doi:10.1109/78.650093)."""

from __future__ import annotations

import warnings
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.training.networks.gated import gru_both_ways
from valence.training.networks.pooling import POOLS, Beside, max_over_time
from valence.training.networks.words import WordEmbedding, WordNetwork

Cell = Literal["lstm", "gru"]
SHUT = 1e4
"""Logit of a gate whose sigmoid is 0 or 1 to the last digit, in float32 as in bfloat16."""
ALIGNED = 8
"""Numbers of an input are a multiple of it, for matrix products."""


class Bidirectional(nn.Module):
    """One layer that reads every text from its first word to its last and from its last to its first."""

    _gate: Tensor

    def __init__(self, cell: Cell, features: int, hidden: int) -> None:
        super().__init__()
        self.cell = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](features, hidden, bidirectional=True)
        self.features = 2 * hidden
        """Length of a state: both directions, side by side."""
        self.register_buffer("_gate", self._shutter(features, hidden), persistent=False)
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

        Both directions run over the padded batch in one call, and the same launches serve any lengths: behind a text's end the
        gate that lets words in is shut, so that the second direction reaches the last word with the state it would start from.

        Args:
            vectors: (batch, time, features).
            lengths: (batch,) int64 on any device, each from 1 to time.
        """
        behind = torch.arange(vectors.shape[1], device=lengths.device)[:, None] >= lengths
        if not vectors.is_cuda:
            return self._run(vectors, behind.to(vectors.device))
        # autocast would turn the layer to float16 whatever it was told; it runs in float32 with TF32 products instead
        with torch.autocast("cuda", enabled=False):
            return self._run(vectors.float(), behind.to(vectors.device, non_blocking=True))

    def _run(self, vectors: Tensor, behind: Tensor) -> Tensor:
        flag = F.pad(behind[..., None].to(vectors.dtype), (0, self._gate.shape[1] - 1))
        words = torch.cat([vectors.transpose(0, 1), flag], dim=2)
        weights = []
        for suffix in ("", "_reverse"):
            entry, *others = (getattr(self.cell, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            weights += [torch.cat([entry, self._gate.to(entry.dtype)], dim=1), *others]
        if isinstance(self.cell, nn.GRU) and words.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            return gru_both_ways(words, weights).transpose(0, 1)
        state = words.new_zeros(2, len(vectors), self.features // 2)
        with warnings.catch_warnings():
            # weights made here lie apart, and cuDNN copies them together at each call: a few microseconds
            warnings.filterwarnings("ignore", message="RNN module weights")
            if isinstance(self.cell, nn.GRU):
                return torch.gru(words, state, weights, True, 1, 0.0, self.training, True, False)[0].transpose(0, 1)
            return torch.lstm(words, (state, state), weights, True, 1, 0.0, self.training, True, False)[0].transpose(0, 1)

    def _shutter(self, features: int, hidden: int) -> Tensor:
        """Return the (gates, columns) weights of what tells a place behind a text: none is trained."""
        rows = slice(0, hidden) if isinstance(self.cell, nn.LSTM) else slice(hidden, 2 * hidden)
        gate = torch.zeros(len(self.cell.weight_ih_l0), ALIGNED - features % ALIGNED)
        # an LSTM lets nothing in through its input gate; a GRU keeps its state by its update gate
        gate[rows, 0] = -SHUT if isinstance(self.cell, nn.LSTM) else SHUT
        return gate


def chop(vectors: Tensor, lengths: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Cut texts into pieces that are read side by side (Johnson and Zhang, 2016, arXiv:1602.02373, section 3.2).

    Args:
        vectors: (batch, time, features).
        lengths: (batch,) int64.
        size: words of a piece.

    Returns:
        (batch * pieces, size, features) and the (batch * pieces,) lengths; a piece behind a text's end counts as one word.
    """
    pieces = -(-vectors.shape[1] // size)
    filled = F.pad(vectors, (0, 0, 0, pieces * size - vectors.shape[1]))
    left = lengths[:, None] - torch.arange(pieces, device=lengths.device) * size
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

    one_shape = True

    def __init__(self, embedding: WordEmbedding, reader: RecurrentReader, labels: int, *, dropout: float, beside: Beside = "mean") -> None:
        super().__init__(embedding, 2 * reader.features, labels, dropout=dropout)
        self.reader = reader
        self._beside = beside

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return the largest state of a text's own words, and beside it their mean or their sum over the root of their number."""
        states = self.reader(vectors, lengths)
        return torch.cat([max_over_time(states, inside).float(), POOLS[self._beside](states, inside)], dim=1)


__all__ = ["Bidirectional", "Cell", "RecurrentNetwork", "RecurrentReader", "chop"]

"""A Transformer encoder for little text: normalised before each part, rotary positions, a learned mix of neighbouring words."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.training.networks.pooling import max_over_time, mean_over_time
from valence.training.networks.words import START_SCALE, WordEmbedding, WordNetwork

REACH = 1
"""Neighbours on either side that the mix of a block looks at."""
_START = 0.02


class NeighbourMix(nn.Module):
    """Add to each word a weighted sum of its neighbours, one weight per place and feature; starts as doing nothing.

    Phrases of a few words, which attention learns only from much text, are there from the first block on (as the
    depthwise convolutions of So et al., 2021, arXiv:2109.08668, section 3.2).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2 * REACH + 1, width))

    def forward(self, states: Tensor) -> Tensor:
        """Map (batch, time, width), zeros behind each text, to the same shape."""
        time = states.shape[1]
        padded = F.pad(states, (0, 0, REACH, REACH))
        out = states
        for place, weight in enumerate(self.weight.to(states.dtype)):
            out = torch.addcmul(out, padded[:, place : place + time], weight)
        return out


class Block(nn.Module):
    """Self-attention, then two layers, each on normalised states and added to them (Xiong et al., 2020, arXiv:2002.04745)."""

    def __init__(self, width: int, heads: int, dropout: float, depth: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.mix = NeighbourMix(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.before_layers = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self._dropout = nn.Dropout(dropout)
        for layer in (self.query_key_value, self.up):
            nn.init.normal_(layer.weight, std=_START)
        for layer in (self.out, self.down):
            nn.init.normal_(layer.weight, std=_START / (2 * depth) ** 0.5)

    def forward(self, states: Tensor, turn: Tensor, inside: Tensor | None) -> Tensor:
        """Return the new (batch, time, width) states.

        Args:
            states: (batch, time, width).
            turn: from `rotation`.
            inside: (batch, time) bool, true at a text's own words; None when all are.
        """
        states = states + self._dropout(self._attend(self.before_attention(states), turn, inside))
        inner = F.gelu(self.up(self.before_layers(states)), approximate="tanh")
        added: Tensor = self._dropout(self.down(inner))
        return states + added

    def _attend(self, states: Tensor, turn: Tensor, inside: Tensor | None) -> Tensor:
        batch, time, width = states.shape
        if inside is not None:
            states = states * inside[..., None]
        parts = self.query_key_value(self.mix(states)).view(batch, time, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        # queries and keys of one length keep the logits of attention small at a high learning rate (Henry et al., 2020, arXiv:2010.04245)
        query, key = (rotate(F.rms_norm(p, p.shape[-1:]), turn).to(value.dtype) for p in (query, key))
        mask = None if inside is None else inside[:, None, None]
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, time, width))
        return attended


def rotation(time: int, size: int, device: torch.device) -> Tensor:
    """Return (2, time, size / 2): cosines and sines of rotary positions (Su et al., 2021, arXiv:2104.09864, equation 34)."""
    speed = 10_000.0 ** (-torch.arange(0, size, 2, device=device) / size)
    angle = torch.arange(time, device=device)[:, None] * speed
    return torch.stack([angle.cos(), angle.sin()])


def rotate(vectors: Tensor, turn: Tensor) -> Tensor:
    """Turn each pair of numbers by its word's angle: products of two vectors then depend on their distance alone.

    Args:
        vectors: (batch, heads, time, size).
        turn: from `rotation`.
    """
    cos, sin = turn.to(vectors.dtype)
    first, second = vectors.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


class Encoder(nn.Module):
    """Word vectors in, one state per word out."""

    def __init__(self, dimension: int, *, width: int, heads: int, layers: int, dropout: float, compiled: bool = False) -> None:
        super().__init__()
        self.enter = nn.Linear(dimension, width)
        self.blocks = nn.ModuleList(Block(width, heads, dropout, layers) for _ in range(layers))
        for block in self.blocks if compiled else ():
            block.compile()
        self.leave = nn.LayerNorm(width)
        self._head_size = width // heads

    def forward(self, vectors: Tensor, inside: Tensor | None = None) -> Tensor:
        """Map (batch, time, dimension) to (batch, time, width); words outside `inside` are looked at by none."""
        turn = rotation(vectors.shape[1], self._head_size, vectors.device)
        # word vectors start small; as they come, the first block would drown them
        states = self.enter(vectors / START_SCALE)
        for block in self.blocks:
            states = block(states, turn, inside)
        left: Tensor = self.leave(states)
        return left


class EncoderNetwork(WordNetwork):
    """Encoder, mean and maximum over time, dropout, logits; the embedding's last row stands before a text."""

    def __init__(
        self, embedding: WordEmbedding, labels: int, *, width: int, heads: int, layers: int, inner_dropout: float, dropout: float
    ) -> None:
        super().__init__(embedding, 2 * width, labels, dropout=dropout)
        self.encoder = Encoder(embedding.dimension, width=width, heads=heads, layers=layers, dropout=inner_dropout)

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, 2 x width) features."""
        start = self.embedding.table.weight[-1].to(vectors.dtype).expand(len(vectors), 1, -1)
        seen = F.pad(inside, (1, 0), value=True)
        states = self.encoder(torch.cat([start, vectors], dim=1), seen)[:, 1:]
        return torch.cat([mean_over_time(states, inside), max_over_time(states, inside).float()], dim=1)


__all__ = ["Block", "Encoder", "EncoderNetwork", "NeighbourMix", "rotate", "rotation"]

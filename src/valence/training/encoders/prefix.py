"""Learned keys and values in every layer's attention (Li and Liang, 2021, arXiv:2101.00190; P-tuning v2, arXiv:2110.07602)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from valence.training.encoders.attention import Memory


class Prefix(nn.Module):
    """`length` learned places per layer; they enter as keys and values, so that no architecture needs a cache for them."""

    def __init__(self, depth: int, length: int, heads: int, width: int, *, hidden: int = 0) -> None:
        """Make `depth` memories for attention of `heads` heads over hidden states of `width` numbers.

        With `hidden` they come out of a small network, as Li and Liang found more stable; else they are learned directly,
        as in P-tuning v2 for classification.
        """
        super().__init__()
        self.shape = (2, length, heads, width // heads)
        self.depth = depth
        each = 2 * width
        if hidden:
            self.inputs = nn.Parameter(torch.randn(length, width) * 0.02)
            self.layers = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, depth * each))
        else:
            self.inputs = nn.Parameter(torch.randn(length, depth * each) * 0.02)
            self.layers = nn.Sequential()

    def forward(self) -> list[Memory]:
        """Return each layer's keys and values, (length, heads, size) each."""
        made: Tensor = self.layers(self.inputs)
        rows = made.view(len(self.inputs), self.depth, 2, *self.shape[2:]).permute(1, 2, 0, 3, 4)
        return [Memory(row[0], row[1]) for row in rows]


__all__ = ["Prefix"]

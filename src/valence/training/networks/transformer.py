"""A small encoder of self-attention, from a random start (Vaswani et al., 2017, arXiv:1706.03762)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from valence.training.networks.pooling import POOLS, Beside, max_over_time
from valence.training.networks.recurrent import chop
from valence.training.networks.words import START_SCALE, WordEmbedding, WordNetwork

SHORT = 256
"""Words up to which a CPU is faster without the fused kernel."""


def positions(time: int, size: int, device: torch.device | None = None) -> Tensor:
    """Return the (time, size) sines and cosines that tell places apart (Vaswani et al., 2017, section 3.5); `size` is even."""
    rate = torch.exp(torch.arange(0, size, 2, device=device) * (-math.log(10_000.0) / size))
    angle = torch.arange(time, device=device)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)


def attend(query: Tensor, key: Tensor, value: Tensor, inside: Tensor) -> Tensor:
    """Return scaled dot-product attention (Vaswani et al., 2017, equation 1) over a text's own words.

    Args:
        query: (batch, heads, time, size), what each word asks.
        key: of the same shape, what each word is asked by.
        value: of the same shape, what each word gives.
        inside: (batch, time) bool; every row holds at least one true.
    """
    mask = inside[:, None, None]
    if query.is_cuda:
        # cuDNN's attention, which torch may prefer, spends tens of milliseconds on a plan for every new shape
        with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):
            return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    if query.device.type != "cpu" or query.shape[2] > SHORT:
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    scores = (query.contiguous() @ key.contiguous().transpose(-1, -2)).float() * query.shape[3] ** -0.5
    weights = torch.softmax(scores.masked_fill(~mask, torch.finfo(torch.float32).min), dim=-1)
    return weights.to(value.dtype) @ value.contiguous()


class EncoderLayer(nn.Module):
    """Self-attention, then two dense layers, each behind a norm and added to its input (Xiong et al., 2020, arXiv:2002.04745)."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.dense_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, hidden)
        self.narrow = nn.Linear(hidden, width)
        self._heads = heads
        self._dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, inside: Tensor) -> Tensor:
        """Map (batch, time, width) states to states; no word looks at what lies behind its text."""
        batch, time, width = states.shape
        query, key, value = self.project(self.attention_norm(states)).view(batch, time, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        # no dropout on the attention itself: the fused kernels of a CPU have none, and without them it takes ten times as long
        seen = attend(query, key, value, inside)
        states = states + self.merge(seen.transpose(1, 2).reshape(batch, time, width))
        dense: Tensor = self.narrow(F.gelu(self.widen(self.dense_norm(states))))
        out: Tensor = states + self._dropout(dense)
        return out


class TransformerNetwork(WordNetwork):
    """Words and their places through encoder layers, the largest and the mean state over time, logits."""

    one_shape = True

    def __init__(
        self,
        embedding: WordEmbedding,
        labels: int,
        *,
        width: int,
        layers: int,
        heads: int,
        hidden: int,
        layer_dropout: float,
        dropout: float,
        piece: int = 0,
        beside: Beside = "mean",
    ) -> None:
        super().__init__(embedding, 2 * width, labels, dropout=dropout)
        self.enter = nn.Linear(embedding.dimension, width)
        self.layers = nn.ModuleList(EncoderLayer(width, heads, hidden, layer_dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self._piece = piece
        self._beside = beside

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return the largest state of a text's own words, and beside it their mean or their sum over the root of their number."""
        # word vectors start small, and so must the places, or they drown the words
        states = self.enter(vectors / START_SCALE)
        batch, time, width = states.shape
        states, seen = states + positions(time, width, states.device).to(states), inside
        if self._piece:
            states, _ = chop(states, lengths, self._piece)
            seen = F.pad(inside, (0, -time % self._piece)).view(-1, self._piece)
            # a piece behind a text's end looks at its first place: a softmax over nothing would not be finite
            seen = torch.cat([seen[:, :1] | ~seen.any(dim=1, keepdim=True), seen[:, 1:]], dim=1)
        for layer in self.layers:
            states = layer(states, seen)
        states = self.norm(states).view(batch, -1, width)[:, :time]
        return torch.cat([max_over_time(states, inside).float(), POOLS[self._beside](states, inside)], dim=1)


__all__ = ["EncoderLayer", "TransformerNetwork", "positions"]

"""MPNet (Song et al., 2020, arXiv:2004.09297)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from valence.training.encoders.attention import Memory, attend
from valence.training.encoders.kind import Kind
from valence.training.encoders.layout import Layout


@dataclass(frozen=True, slots=True)
class DistanceBias:
    """A number for each head and distance."""

    table: Tensor
    """(heads, 2 * longest - 1), the distance -longest + 1 first."""
    longest: int

    def rectangle(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return (1, heads, time, time)."""
        time = torch.arange(keys.shape[2], device=keys.device)
        return self.table[:, time - time[:, None] + self.longest - 1][None]

    def term(self, query: Tensor, key: Tensor, order: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return the number of a head, a query's and a key's token."""
        table, last = self.table, 2 * self.longest - 2

        def at(head: Tensor, one: Tensor, other: Tensor) -> Tensor:
            return table[head, (order[other] - order[one] + last // 2).clamp(0, last)]

        return at


class Mpnet(Kind):
    """Absolute positions, and a learned bias by the distance of two tokens, shared by all layers."""

    attention = ("q", "k", "v")
    first_position = 2  # transformers' module counts from behind its padding id, which is always 1

    def prepare(self, hidden: Tensor, layout: Layout) -> Tensor:
        """Return the bias of every distance, (heads, 2 * longest - 1), the distance -longest + 1 first."""
        encoder, longest = self.body.encoder, layout.longest
        distance = torch.arange(1 - longest, longest)
        bucket = encoder.relative_position_bucket(distance[None], num_buckets=self.config.relative_attention_num_buckets)[0]
        found: Tensor = encoder.relative_attention_bias(bucket.to(hidden.device)).T
        return found

    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry the hidden states through a layer."""
        layer = self.body.encoder.layer[index]
        block = layer.attention
        q, k, v = (project(hidden).unflatten(-1, (self.heads, -1)) for project in (block.attn.q, block.attn.k, block.attn.v))
        bias = DistanceBias(shared, layout.longest)
        seen = attend(q, k, v, layout, scale=q.shape[-1] ** -0.5, memory=memory, bias=bias)
        attended = block.LayerNorm(block.dropout(block.attn.o(seen.flatten(1))) + hidden)
        found: Tensor = layer.output(layer.intermediate(attended), attended)
        return found

    def compile(self) -> None:
        """Compile what follows each attention."""
        for layer in self.body.encoder.layer:
            for part in (layer.intermediate, layer.output):
                part.compile(dynamic=True)

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the head's hidden layer."""
        head = self.model.classifier
        return torch.tanh(head.dense(head.dropout(pooled)))

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        head = self.model.classifier
        found: Tensor = head.out_proj(head.dropout(features))
        return found

"""MPNet (Song et al., 2020, arXiv:2004.09297)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from valence.training.encoders.attention import Memory, attend
from valence.training.encoders.kind import Kind
from valence.training.encoders.layout import Layout


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

        def bias(queries: Tensor, keys: Tensor) -> Tensor:
            time = torch.arange(keys.shape[2], device=keys.device)
            table: Tensor = shared[:, time - time[:, None] + layout.longest - 1]
            return table[None]

        seen = attend(q, k, v, layout, scale=q.shape[-1] ** -0.5, memory=memory, bias=bias)
        attended = block.LayerNorm(block.dropout(block.attn.o(seen.flatten(1))) + hidden)
        found: Tensor = layer.output(layer.intermediate(attended), attended)
        return found

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the head's hidden layer."""
        head = self.model.classifier
        return torch.tanh(head.dense(head.dropout(pooled)))

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        head = self.model.classifier
        found: Tensor = head.out_proj(head.dropout(features))
        return found

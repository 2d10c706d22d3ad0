"""MPNet (Song et al., 2020, arXiv:2004.09297)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from valence.training.encoders.attention import Memory, attend, hide_behind
from valence.training.encoders.kind import Kind, TanhHead
from valence.training.encoders.layout import Layout, Part


class DistanceBias:
    """A number for each head and distance, the same in every layer."""

    flexible: ClassVar[bool] = False  # the gradients of all pairs would queue at a few thousand numbers: seven times slower

    def __init__(self, table: Tensor, layout: Layout, dtype: torch.dtype) -> None:
        """Spread (heads, 2 * longest - 1) numbers, the distance -longest + 1 first, over every part's rectangle, once for all layers."""
        self.table = table
        self.longest = layout.longest
        self._masks = {part.tokens.start: hide_behind(self._spread(part).to(dtype), part) for part in layout.parts}

    def _spread(self, part: Part) -> Tensor:
        time = torch.arange(part.longest, device=self.table.device)
        return self.table[:, time - time[:, None] + self.longest - 1][None]

    def rectangle(self, queries: Tensor, keys: Tensor, part: Part) -> Tensor:
        """Return (texts or 1, heads, time, time)."""
        return self._masks[part.tokens.start]

    def term(self, query: Tensor, key: Tensor, order: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return the number of a head, a query's and a key's token."""
        table, last = self.table, 2 * self.longest - 2

        def at(head: Tensor, one: Tensor, other: Tensor) -> Tensor:
            return table[head, (order[other] - order[one] + last // 2).clamp(0, last)]

        return at


class Mpnet(TanhHead, Kind):
    """Absolute positions, and a learned bias by the distance of two tokens, shared by all layers."""

    attention = ("q", "k", "v")

    @classmethod
    def first_position_of(cls, config: Any) -> int:  # noqa: ANN401
        """Return 2: transformers' module counts from behind its padding id, which is always 1."""
        return 2

    def prepare(self, hidden: Tensor, layout: Layout) -> DistanceBias:
        """Return the bias of every distance."""
        encoder, longest = self.body.encoder, layout.longest
        distance = torch.arange(1 - longest, longest)
        bucket = encoder.relative_position_bucket(distance[None], num_buckets=self.config.relative_attention_num_buckets)[0]
        table: Tensor = encoder.relative_attention_bias(bucket.to(hidden.device)).T
        device = hidden.device.type
        half = torch.is_autocast_enabled(device)
        return DistanceBias(table, layout, torch.get_autocast_dtype(device) if half else hidden.dtype)

    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry the hidden states through a layer."""
        layer = self.body.encoder.layer[index]
        block = layer.attention
        q, k, v = (project(hidden).unflatten(-1, (self.heads, -1)) for project in (block.attn.q, block.attn.k, block.attn.v))
        seen = attend(q, k, v, layout, scale=q.shape[-1] ** -0.5, memory=memory, bias=shared)
        attended = block.LayerNorm(block.dropout(block.attn.o(seen.flatten(1))) + hidden)
        found: Tensor = layer.output(layer.intermediate(attended), attended)
        return found

    def compile(self) -> None:
        """Compile what follows each attention."""
        for layer in self.body.encoder.layer:
            for part in (layer.intermediate, layer.output):
                part.compile(dynamic=True)

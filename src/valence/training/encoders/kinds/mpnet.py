"""MPNet (Song et al., 2020, arXiv:2004.09297)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from valence.training.encoders.attention import (
    Memory,
    Terms,
    attend,
    half_of,
    has_programs,
    hide_behind,
    jointly,
    projected,
    projected_jointly,
)
from valence.training.encoders.feedforward import fed_forward
from valence.training.encoders.kind import Kind, TanhHead
from valence.training.encoders.layout import Ends, Layout, Part


class DistanceBias:
    """A number for each head and distance, the same in every layer."""

    def __init__(self, table: Tensor, dtype: torch.dtype, parts: Sequence[Part] = ()) -> None:
        """Keep (heads, width) numbers, the distance -width / 2 first; spread them over the parts' rectangles, once for all layers."""
        self.table = table
        self._dtype = dtype
        self._masks = {part.tokens.start: self._spread(part) for part in parts}

    @property
    def terms(self) -> Terms:
        """By distance."""
        return Terms(table=self.table)

    def rectangle(self, queries: Tensor, keys: Tensor, part: Part) -> Tensor:
        """Return (texts or 1, heads, time, time)."""
        known = self._masks.get(part.tokens.start)
        return self._spread(part) if known is None else known

    def _spread(self, part: Part) -> Tensor:
        time = torch.arange(part.longest, device=self.table.device)
        spread = self.table[:, time - time[:, None] + self.table.shape[1] // 2][None]
        return hide_behind(spread.to(self._dtype), part)


class Mpnet(TanhHead, Kind):
    """Absolute positions, and a learned bias by the distance of two tokens, shared by all layers."""

    attention = ("q", "k", "v")

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        super().__init__(model)
        self._through: Callable[..., Tensor] = _through

    @classmethod
    def first_position_of(cls, config: Any) -> int:  # noqa: ANN401
        """Return 2: transformers' module counts from behind its padding id, which is always 1."""
        return 2

    def prepare(self, hidden: Tensor, layout: Layout) -> DistanceBias:
        """Return the bias of every distance."""
        table: Tensor = self.body.encoder.relative_attention_bias(self._bucket_of(layout.width // 2, hidden.device)).T
        device = hidden.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
        return DistanceBias(table, dtype, () if self._has_kernel(hidden) else layout.parts)

    def _bucket_of(self, half: int, device: torch.device) -> Tensor:
        """Return (2 * half,) which number belongs to each distance, -half first."""
        bucket, count = self.body.encoder.relative_position_bucket, self.config.relative_attention_num_buckets
        return self.by_distance(half, device, lambda: bucket(torch.arange(-half, half)[None], num_buckets=count)[0])

    def has_kernel(self, device: torch.device) -> bool:
        """Return whether the device runs ours."""
        return has_programs(device, self.width // self.heads)

    def _has_kernel(self, hidden: Tensor) -> bool:
        return half_of(hidden) is not None and self.has_kernel(hidden.device)

    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry the hidden states through a layer."""
        layer = self.body.encoder.layer[index]
        half = half_of(hidden) if memory is None and self._has_kernel(hidden) else None
        if half is not None:
            return self._through(layer, hidden.to(half), layout.ends, shared.table, self.heads)
        q, k, v = projected(_projections(layer.attention.attn), hidden, self.heads)
        return _behind(layer, hidden, attend(q, k, v, layout, scale=q.shape[-1] ** -0.5, memory=memory, bias=shared))

    def compile(self) -> None:
        """Compile whole layers; where attention is no single kernel, what follows it."""
        self._through = torch.compile(_through, dynamic=True)
        for layer in self.body.encoder.layer:
            for part in (layer.intermediate, layer.output):
                part.compile(dynamic=True)


def _projections(attention: Any) -> tuple[nn.Module, ...]:  # noqa: ANN401
    return attention.q, attention.k, attention.v


def _behind(layer: Any, hidden: Tensor, seen: Tensor) -> Tensor:  # noqa: ANN401
    block = layer.attention
    attended = block.LayerNorm(block.dropout(block.attn.o(seen.flatten(1))) + hidden).to(hidden.dtype)
    found: Tensor = fed_forward(layer, attended).to(hidden.dtype)
    return found


def _through(layer: Any, hidden: Tensor, ends: Ends, table: Tensor, heads: int) -> Tensor:  # noqa: ANN401
    """Carry 16-bit hidden states through a layer whose attention is one kernel; they stay of that type."""
    joint = projected_jointly(_projections(layer.attention.attn), hidden, heads)
    return _behind(layer, hidden, jointly(joint, ends, joint.shape[-1] ** -0.5, Terms(table=table)))

"""DeBERTa, versions 2 and 3 (He et al., 2021, arXiv:2006.03654 and arXiv:2111.09543)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers.activations import ACT2FN
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

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
from valence.training.encoders.kind import Kind
from valence.training.encoders.layout import Ends, Layout, Part


class DebertaV2(Kind):
    """Disentangled attention: content to content, content to distance, distance to content."""

    head = ("pooler.", "classifier.")
    attention = ("query_proj", "key_proj", "value_proj")

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        super().__init__(model)
        self._through: Callable[..., Tensor] = _through

    @classmethod
    def positions(cls, config: Any) -> None:  # noqa: ANN401
        """Distances, not places, are what it learned."""

    @classmethod
    def refusal(cls, config: Any) -> str:  # noqa: ANN401
        """Refuse the convolution of the largest checkpoints of version 2."""
        width = getattr(config, "conv_kernel_size", 0)
        return f"its first layer has a convolution over {width} tokens, which would run from one text into the next" if width else ""

    def prepare(self, hidden: Tensor, layout: Layout) -> tuple[Tensor, Tensor] | None:
        """Return the embedded distances, (2 * span, width), and which one belongs to each distance from key to query."""
        encoder = self.body.encoder
        if not encoder.relative_attention:
            return None
        half = layout.width // 2
        make = partial(places_of, half, encoder.position_buckets, encoder.max_relative_positions)
        return encoder.get_rel_embedding(), self.by_distance(half, hidden.device, make)

    def has_kernel(self, device: torch.device) -> bool:
        """Return whether the device runs ours."""
        return has_programs(device, self.width // self.heads)

    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry the hidden states through a layer."""
        layer = self.body.encoder.layer[index]
        half = half_of(hidden) if memory is None and self.has_kernel(hidden.device) else None
        if half is not None:
            return self._through(layer, hidden.to(half), layout.ends, shared, self.heads)
        q, k, v = projected(_projections(layer.attention.self), hidden, self.heads)
        scale = _scale(layer.attention.self, q.shape[-1])
        bias = _bias(layer.attention.self, shared, self.heads, scale)
        return _behind(layer, hidden, attend(q, k, v, layout, scale=scale, memory=memory, bias=bias))

    def compile(self) -> None:
        """Compile whole layers; where attention is no single kernel, what follows it."""
        self._through = torch.compile(_through, dynamic=True)
        for layer in self.body.encoder.layer:
            for part in (layer.attention.output, layer.intermediate, layer.output):
                part.compile(dynamic=True)

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the pooler, which starts at random and is trained with the head."""
        pooler = self.model.pooler
        found: Tensor = ACT2FN[self.config.pooler_hidden_act](pooler.dense(pooler.dropout(pooled)))
        return found

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        found: Tensor = self.model.classifier(self.model.dropout(features))
        return found


def places_of(half: int, buckets: int, most: int) -> Tensor:
    """Return (2 * half,) int64 on the CPU, which embedded distance belongs to each distance from a key to a query, -half first.

    Args:
        half: distances on a side.
        buckets: far distances share places, logarithmically, so that there are `buckets` on a side; 0 or less for none.
        most: distances on a side where there are no buckets.
    """
    distance = torch.arange(-half, half)
    if buckets > 0:
        distance = make_log_bucket_position(distance, buckets, most)
    span = buckets if buckets > 0 else most
    return (distance.long() + span).clamp(0, 2 * span - 1)


def _kinds(block: Any) -> set[str]:  # noqa: ANN401
    return set(block.pos_att_type) & {"c2p", "p2c"}


def _scale(block: Any, size: int) -> float:  # noqa: ANN401
    return float((size * (1 + len(_kinds(block)))) ** -0.5)


def _projections(block: Any) -> tuple[nn.Module, ...]:  # noqa: ANN401
    return block.query_proj, block.key_proj, block.value_proj


def _behind(layer: Any, hidden: Tensor, seen: Tensor) -> Tensor:  # noqa: ANN401
    attended = layer.attention.output(seen.flatten(1), hidden).to(hidden.dtype)
    found: Tensor = fed_forward(layer, attended).to(hidden.dtype)
    return found


def _through(layer: Any, hidden: Tensor, ends: Ends, shared: tuple[Tensor, Tensor] | None, heads: int) -> Tensor:  # noqa: ANN401
    """Carry 16-bit hidden states through a layer whose attention is one kernel; they stay of that type."""
    block = layer.attention.self
    joint = projected_jointly(_projections(block), hidden, heads)
    scale = _scale(block, joint.shape[-1])
    bias = _bias(block, shared, heads, scale)
    return _behind(layer, hidden, jointly(joint, ends, scale, None if bias is None else bias.terms))


def _bias(block: Any, shared: tuple[Tensor, Tensor] | None, heads: int, scale: float) -> Disentangled | None:  # noqa: ANN401
    """Project the embedded distances as keys and as queries, where the layer uses it."""
    if shared is None or not _kinds(block):
        return None
    embedded, index = block.pos_dropout(shared[0]), shared[1]
    to_key = block.key_proj if block.share_att_key else getattr(block, "pos_key_proj", None)
    to_query = block.query_proj if block.share_att_key else getattr(block, "pos_query_proj", None)

    def by_head(project: Any) -> Tensor:  # noqa: ANN401
        found: Tensor = project(embedded).unflatten(-1, (heads, -1))
        return found

    as_keys = by_head(to_key) if "c2p" in block.pos_att_type else None
    as_queries = by_head(to_query) if "p2c" in block.pos_att_type else None
    return Disentangled(as_keys, as_queries, index, scale)


@dataclass(frozen=True, slots=True)
class Disentangled:
    """The scores by distance: equation 4 of the paper without its first term."""

    as_keys: Tensor | None
    """(2 * span, heads, size) distances as keys, None if content does not look at distance."""
    as_queries: Tensor | None
    """(2 * span, heads, size) distances as queries, None if distance does not look at content."""
    index: Tensor
    """(width,) which embedded distance belongs to each distance from a key to a query, -width / 2 first."""
    scale: float

    @property
    def terms(self) -> Terms:
        """By distance, spread from the embedded ones; the distances of `as_keys` count from a query to a key and stand turned over."""
        width = len(self.index)
        turned = self.index[(width - torch.arange(width, device=self.index.device)).clamp(max=width - 1)]
        return Terms(None, _spread(self.as_keys, turned), _spread(self.as_queries, self.index))

    def rectangle(self, queries: Tensor, keys: Tensor, part: Part) -> Tensor:
        """Return (texts, heads, time, time)."""
        time = torch.arange(queries.shape[2], device=queries.device)
        # delta(i, j) is the distance from key j to query i; distances are odd, so that the second term, which the paper
        # reads at delta(j, i) of negated distances, reads the same place, turned over
        place = self.index[time[:, None] - time + self.index.shape[0] // 2].expand(*queries.shape[:2], -1, -1)
        score = torch.zeros((), device=queries.device, dtype=queries.dtype)
        if self.as_keys is not None:
            score = score + (queries @ self.as_keys.permute(1, 2, 0)).gather(-1, place)
        if self.as_queries is not None:
            score = score + (keys @ self.as_queries.permute(1, 2, 0)).gather(-1, place.transpose(-1, -2)).transpose(-1, -2)
        return hide_behind(self.scale * score, part)


def _spread(embedded: Tensor | None, index: Tensor) -> Tensor | None:
    """Return the rows of (2 * span, heads, size) at `index`, by a product: its gradient is one too, and no sum in any order."""
    if embedded is None:
        return None
    chosen = (index[:, None] == torch.arange(len(embedded), device=index.device)).to(embedded.dtype)
    return (chosen @ embedded.flatten(1)).view(len(index), *embedded.shape[1:])

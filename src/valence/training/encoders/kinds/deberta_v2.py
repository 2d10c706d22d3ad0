"""DeBERTa, versions 2 and 3 (He et al., 2021, arXiv:2006.03654 and arXiv:2111.09543)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers.activations import ACT2FN
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

from valence.training.encoders.attention import Memory, attend, hide_behind
from valence.training.encoders.kind import Kind
from valence.training.encoders.layout import Layout, Part


class DebertaV2(Kind):
    """Disentangled attention: content to content, content to distance, distance to content."""

    head = ("pooler.", "classifier.")
    attention = ("query_proj", "key_proj", "value_proj")

    @classmethod
    def positions(cls, config: Any) -> None:  # noqa: ANN401
        """Distances, not places, are what it learned."""

    @classmethod
    def refusal(cls, config: Any) -> str:  # noqa: ANN401
        """Refuse the convolution of the largest checkpoints of version 2."""
        width = getattr(config, "conv_kernel_size", 0)
        return f"its first layer has a convolution over {width} tokens, which would run from one text into the next" if width else ""

    def prepare(self, hidden: Tensor, layout: Layout) -> tuple[Tensor, Tensor] | None:
        """Return the embedded distances, (2 * span, width), and which one belongs to each distance, -longest + 1 first."""
        encoder, longest = self.body.encoder, layout.longest
        if not encoder.relative_attention:
            return None
        distance = torch.arange(1 - longest, longest)
        if encoder.position_buckets > 0:
            distance = make_log_bucket_position(distance, encoder.position_buckets, encoder.max_relative_positions)
        span = encoder.position_buckets if encoder.position_buckets > 0 else encoder.max_relative_positions
        return encoder.get_rel_embedding(), (distance.long().to(hidden.device) + span).clamp(0, 2 * span - 1)

    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry the hidden states through a layer."""
        layer = self.body.encoder.layer[index]
        block = layer.attention.self
        q, k, v = (p(hidden).unflatten(-1, (self.heads, -1)) for p in (block.query_proj, block.key_proj, block.value_proj))
        kinds = set(block.pos_att_type) & {"c2p", "p2c"}
        scale = (q.shape[-1] * (1 + len(kinds))) ** -0.5
        distances = self._distances(block, *shared) if shared is not None and kinds else None

        bias = None if distances is None else Disentangled(*distances, layout.longest, scale)
        seen = attend(q, k, v, layout, scale=scale, memory=memory, bias=bias)
        attended = layer.attention.output(seen.flatten(1), hidden)
        found: Tensor = layer.output(layer.intermediate(attended), attended)
        return found

    def _distances(self, block: Any, embedded: Tensor, index: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor]:  # noqa: ANN401
        """Return the projected distances as keys and as queries, (heads, 2 * span, size) each where the layer uses it."""
        embedded = block.pos_dropout(embedded)
        to_key = block.key_proj if block.share_att_key else getattr(block, "pos_key_proj", None)
        to_query = block.query_proj if block.share_att_key else getattr(block, "pos_query_proj", None)

        def heads(project: Any) -> Tensor:  # noqa: ANN401
            found: Tensor = project(embedded).unflatten(-1, (self.heads, -1)).transpose(0, 1)
            return found

        as_keys = heads(to_key) if "c2p" in block.pos_att_type else None
        as_queries = heads(to_query) if "p2c" in block.pos_att_type else None
        return as_keys, as_queries, index

    def compile(self) -> None:
        """Compile what follows each attention."""
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


@dataclass(frozen=True, slots=True)
class Disentangled:
    """The scores by distance: equation 4 of the paper without its first term."""

    flexible: ClassVar[bool] = True

    as_keys: Tensor | None
    """(heads, 2 * span, size) distances as keys, None if content does not look at distance."""
    as_queries: Tensor | None
    """(heads, 2 * span, size) distances as queries, None if distance does not look at content."""
    index: Tensor
    """(2 * longest - 1,) which embedded distance belongs to each, -longest + 1 first."""
    longest: int
    scale: float

    def rectangle(self, queries: Tensor, keys: Tensor, part: Part) -> Tensor:
        """Return (texts, heads, time, time)."""
        time = torch.arange(queries.shape[2], device=queries.device)
        # delta(i, j) is the distance from key j to query i; distances are odd, so that the second term, which the paper
        # reads at delta(j, i) of negated distances, reads the same place, turned over
        place = self.index[time[:, None] - time + self.longest - 1].expand(*queries.shape[:2], -1, -1)
        score = torch.zeros((), device=queries.device, dtype=queries.dtype)
        if self.as_keys is not None:
            score = score + (queries @ self.as_keys.transpose(-1, -2)).gather(-1, place)
        if self.as_queries is not None:
            score = score + (keys @ self.as_queries.transpose(-1, -2)).gather(-1, place.transpose(-1, -2)).transpose(-1, -2)
        return hide_behind(self.scale * score, part)

    def term(self, query: Tensor, key: Tensor, order: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return the score of a head, a query's and a key's token."""
        none = query.new_zeros(len(query), 1, 1).expand(-1, query.shape[1], self.index.shape[0])
        by_query = none if self.as_keys is None else self.scale * (query @ self.as_keys.transpose(-1, -2))
        by_key = none if self.as_queries is None else self.scale * (key @ self.as_queries.transpose(-1, -2))
        index, last = self.index, 2 * self.longest - 2

        def at(head: Tensor, one: Tensor, other: Tensor) -> Tensor:
            place = index[(order[one] - order[other] + last // 2).clamp(0, last)]
            return by_query[head, one, place] + by_key[head, other, place]

        return at

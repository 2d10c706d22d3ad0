"""ALBERT (Lan et al., 2020, arXiv:1909.11942)."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from valence.training.encoders.attention import Memory
from valence.training.encoders.kind import Borrowed
from valence.training.encoders.layout import Layout


class Albert(Borrowed):
    """Layers that share their weights, over narrow word vectors."""

    head = ("albert.pooler.", "classifier.")
    feedforward = ("ffn_output",)

    def embed(self, words: Tensor, layout: Layout) -> Tensor:
        """Embed and widen."""
        found: Tensor = self.body.encoder.embedding_hidden_mapping_in(super().embed(words, layout))
        return found

    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry the hidden states through the group of layers that serves this depth."""
        groups = self.body.encoder.albert_layer_groups
        group = groups[int(index / (self.depth / len(groups)))]
        found: Tensor = group(hidden[None], None, layout=layout, memory=memory)[0]
        return found

    def layers(self) -> nn.ModuleList:
        """Return the distinct layers."""
        return nn.ModuleList([layer for group in self.body.encoder.albert_layer_groups for layer in group.albert_layers])

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the pooler."""
        found: Tensor = self.body.pooler_activation(self.body.pooler(pooled))
        return found

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        found: Tensor = self.model.classifier(self.model.dropout(features))
        return found

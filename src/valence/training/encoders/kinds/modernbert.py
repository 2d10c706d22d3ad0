"""ModernBERT (Warner et al., 2024, arXiv:2412.13663)."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from valence.training.encoders.attention import Memory
from valence.training.encoders.kind import Borrowed
from valence.training.encoders.layout import Layout


class Modernbert(Borrowed):
    """Rotary positions; two layers of three see a window only."""

    head = ("head.", "classifier.")
    attention = ("Wqkv",)
    feedforward = ("mlp.Wo",)

    @classmethod
    def positions(cls, config: Any) -> None:  # noqa: ANN401
        """Distances, not places, are what it learned."""

    def layers(self) -> nn.ModuleList:
        """Return the layers."""
        found: nn.ModuleList = self.body.layers
        return found

    def embed(self, words: Tensor, layout: Layout) -> Tensor:
        """Embed; positions enter in the layers."""
        found: Tensor = self.body.embeddings(inputs_embeds=words[None])[0]
        return found

    def prepare(self, hidden: Tensor, layout: Layout) -> dict[str, tuple[Tensor, Tensor]]:
        """Return the rotations of each type of layer."""
        return {t: self.body.rotary_emb(hidden[None], layout.order[None], t) for t in set(self.config.layer_types)}

    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry the hidden states through transformers' layer."""
        layer = self.layers()[index]
        rotation = shared[layer.attention_type]
        found: Tensor = layer(hidden[None], attention_mask=None, position_embeddings=rotation, layout=layout, memory=memory)[0]
        return found

    def finish(self, hidden: Tensor) -> Tensor:
        """Normalise."""
        found: Tensor = self.body.final_norm(hidden)
        return found

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the head's hidden layer."""
        found: Tensor = self.model.head(pooled)
        return found

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        found: Tensor = self.model.classifier(self.model.drop(features))
        return found

    def pool(self, pooling: str) -> None:
        """Write it into the configuration, which plain transformers reads."""
        self.config.classifier_pooling = {"first": "cls", "mean": "mean"}[pooling]

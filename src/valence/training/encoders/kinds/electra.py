"""ELECTRA (Clark et al., 2020, arXiv:2003.10555)."""

from __future__ import annotations

from torch import Tensor

from valence.training.encoders.kind import Bertlike
from valence.training.encoders.layout import Layout


class Electra(Bertlike):
    """BERT's layers, pretrained as a discriminator; the small ones have narrower word vectors."""

    def embed(self, words: Tensor, layout: Layout) -> Tensor:
        """Embed, and widen where the model does."""
        hidden = super().embed(words, layout)
        project = getattr(self.body, "embeddings_project", None)
        return hidden if project is None else project(hidden)

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the head's hidden layer."""
        head = self.model.classifier
        found: Tensor = head.activation(head.dense(head.dropout(pooled)))
        return found

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        head = self.model.classifier
        found: Tensor = head.out_proj(head.dropout(features))
        return found

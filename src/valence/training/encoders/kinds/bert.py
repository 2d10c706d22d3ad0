"""BERT (Devlin et al., 2019, arXiv:1810.04805)."""

from __future__ import annotations

from torch import Tensor

from valence.training.encoders.kind import Bertlike


class Bert(Bertlike):
    """Absolute positions; the head reads the pretrained pooler."""

    head = ("bert.pooler.", "classifier.")

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the pooler."""
        found: Tensor = self.body.pooler(pooled[:, None])
        return found

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        found: Tensor = self.model.classifier(self.model.dropout(features))
        return found

"""DistilBERT (Sanh et al., 2019, arXiv:1910.01108)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from valence.training.encoders.kind import Borrowed
from valence.training.encoders.layout import Layout


class Distilbert(Borrowed):
    """Every second layer of BERT, distilled."""

    head = ("pre_classifier.", "classifier.")
    attention = ("q_lin", "k_lin", "v_lin")
    feedforward = ("ffn.lin2",)

    def layers(self) -> nn.ModuleList:
        """Return the layers."""
        found: nn.ModuleList = self.body.transformer.layer
        return found

    def embed(self, words: Tensor, layout: Layout) -> Tensor:
        """Embed; the module asks for ids even where it is given vectors."""
        found: Tensor = self.body.embeddings(None, inputs_embeds=words[None], position_ids=layout.positions[None])[0]
        return found

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the head's hidden layer."""
        return torch.relu(self.model.pre_classifier(pooled))

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        found: Tensor = self.model.classifier(self.model.dropout(features))
        return found

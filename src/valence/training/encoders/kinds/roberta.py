"""RoBERTa (Liu et al., 2019, arXiv:1907.11692)."""

from __future__ import annotations

import torch
from torch import Tensor

from valence.training.encoders.kind import Borrowed


class Roberta(Borrowed):
    """BERT's layers; positions are counted from behind the padding id."""

    @property
    def first_position(self) -> int:  # type: ignore[override]
        """Id of a text's first position."""
        return int(self.config.pad_token_id) + 1

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the head's hidden layer."""
        head = self.model.classifier
        return torch.tanh(head.dense(head.dropout(pooled)))

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        head = self.model.classifier
        found: Tensor = head.out_proj(head.dropout(features))
        return found

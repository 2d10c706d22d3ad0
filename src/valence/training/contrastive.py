"""Supervised contrastive learning (Khosla et al., 2020, arXiv:2004.11362) beside cross-entropy (Gunel et al., 2021, arXiv:2011.01403)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.training.consistency import twice
from valence.training.examples import Batch
from valence.training.losses import CrossEntropy
from valence.training.recipe import Recipe

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork


def supervised_contrastive(features: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return (texts,) losses, the mean over a text's views: equation 2 of Khosla et al., with the sum outside the logarithm.

    Args:
        features: (texts, views, size); they are normalised here.
        labels: (texts,)
        temperature: what the similarities are divided by.
    """
    texts, views = features.shape[:2]
    anchors = F.normalize(features, dim=2).transpose(0, 1).flatten(0, 1)
    owners = labels.repeat(views)
    scores = anchors @ anchors.T / temperature
    itself = torch.eye(len(anchors), dtype=torch.bool, device=features.device)
    log_share = scores - scores.masked_fill(itself, float("-inf")).logsumexp(dim=1, keepdim=True)
    positive = (owners == owners[:, None]) & ~itself
    # a text without another view or text of its label has nothing to be near to
    per_anchor = -(log_share * positive).sum(dim=1) / positive.sum(dim=1).clamp(min=1)
    return per_anchor.view(views, texts).mean(dim=0)


class Contrastive(CrossEntropy):
    """(1 - share) cross-entropy + share of the contrastive loss, over two views that dropout makes of every text."""

    adds_up: ClassVar[bool] = False

    def __init__(
        self,
        recipe: Recipe,
        texts_per_step: float,
        device: torch.device,
        class_weights: Tensor | None = None,
        *,
        share: float,
        temperature: float,
    ) -> None:
        """Take what every objective takes, the share of the contrastive loss and its temperature."""
        super().__init__(recipe, texts_per_step, device, class_weights)
        self._share = share
        self._temperature = temperature

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of both views, which share one doubled batch."""
        encoder = cast("EncoderNetwork", network)
        with self.arithmetic():
            features = encoder.features(*twice(batch))
            logits = encoder.kind.classify(features)
        views = torch.stack(features.float().chunk(2), dim=1)
        plain = 0.5 * sum(self.of(part, batch.labels) for part in logits.chunk(2))
        contrast = self.mean(supervised_contrastive(views, batch.labels, self._temperature))
        return (1 - self._share) * plain + self._share * contrast


__all__ = ["Contrastive", "supervised_contrastive"]

"""R-Drop: two passes with different dropout are to agree (Liang et al., 2021, arXiv:2106.14448)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.training.examples import Batch
from valence.training.losses import CrossEntropy
from valence.training.recipe import Recipe


def symmetric_kl(first: Tensor, second: Tensor) -> Tensor:
    """Return (texts,) half of KL(p || q) + KL(q || p), in nats, from two (texts, labels) logits."""
    p, q = (logits.float().log_softmax(dim=1) for logits in (first, second))
    one = F.kl_div(q, p, log_target=True, reduction="none").sum(dim=1)
    other = F.kl_div(p, q, log_target=True, reduction="none").sum(dim=1)
    return 0.5 * (one + other)


class Consistency(CrossEntropy):
    """Half of the paper's equation 4, so that a weight of 0 leaves the plain cross-entropy."""

    def __init__(
        self, recipe: Recipe, texts_per_step: float, device: torch.device, class_weights: Tensor | None = None, *, alpha: float
    ) -> None:
        """Take what every objective takes, and the weight `alpha` of the divergence."""
        super().__init__(recipe, texts_per_step, device, class_weights)
        self._alpha = alpha

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of both passes, which share one doubled batch."""
        with self.arithmetic():
            logits = network(*twice(batch))
        first, second = logits.chunk(2)
        plain = 0.5 * (self.of(first, batch.labels) + self.of(second, batch.labels))
        return plain + 0.5 * self._alpha * self.mean(symmetric_kl(first, second))


def twice(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the tokens and lengths of a batch that holds every text twice, one copy behind the other."""
    return torch.cat([batch.tokens, batch.tokens]), torch.cat([batch.lengths, batch.lengths])


__all__ = ["Consistency", "symmetric_kl", "twice"]

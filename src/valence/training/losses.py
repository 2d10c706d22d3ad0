"""What a training step minimises."""

from __future__ import annotations

from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.training.device import use_bfloat16
from valence.training.examples import Batch
from valence.training.recipe import Recipe


class Objective(Protocol):
    """A loss of one batch, ready for `backward`."""

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return a scalar."""


class CrossEntropy:
    """Cross-entropy in which every text of an epoch counts the same, however many share its batch.

    The sum over a batch is divided by the mean number of texts in a batch of the whole training, not by this batch's own:
    a batch of few long texts would else weigh each of them more than a batch of many short ones.
    """

    adds_up: ClassVar[bool] = True
    """Whether the loss of a batch is the sum of its parts' losses, whichever the parts."""

    def __init__(self, recipe: Recipe, texts_per_step: float, device: torch.device, class_weights: Tensor | None = None) -> None:
        self._class_weights = class_weights
        self._smoothing = recipe.label_smoothing
        self._adversarial = recipe.adversarial
        self._texts_per_step = texts_per_step
        self._device = device
        self._bfloat16 = use_bfloat16(recipe.precision, device)

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss; with `adversarial`, the mean of the loss and of the loss at the shifted words."""
        with self.arithmetic():
            if not self._adversarial:
                return self.of(network(batch.tokens, batch.lengths), batch.labels)
            return self._with_adversary(network, batch)

    def arithmetic(self) -> torch.autocast:
        """Return the context that carries out a forward pass in the recipe's precision."""
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16)

    def mean(self, per_text: Tensor) -> Tensor:
        """Return the sum of (texts,) losses over the mean number of texts in a batch of the training."""
        return per_text.sum() / self._texts_per_step

    def of(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the cross-entropy of (texts, labels) logits, in float32 whatever the arithmetic."""
        per_text = F.cross_entropy(logits.float(), labels, weight=self._class_weights, label_smoothing=self._smoothing, reduction="none")
        return self.mean(per_text)

    def _with_adversary(self, network: nn.Module, batch: Batch) -> Tensor:
        """Shift the embedded words up the loss's gradient (Miyato et al., 2017, arXiv:1605.07725, equation 5)."""
        vectors: Tensor = network.embed(batch.tokens)  # type: ignore[operator]
        if not vectors.requires_grad:  # the table is frozen
            vectors.requires_grad_()
        plain = self.of(network.classify(vectors, batch.tokens, batch.lengths), batch.labels)  # type: ignore[operator]
        (gradient,) = torch.autograd.grad(plain, vectors, retain_graph=True)
        # one length per text: its words are shifted together, by a step in units of their mean length
        size = gradient.float().flatten(1).norm(dim=1)[:, None, None].clamp(min=1e-12)
        lengths = batch.lengths.to(vectors.device, non_blocking=True)[:, None]
        # by length, not by id: an encoder's padding has a vector, and the id 0 may be a word of its own
        inside = torch.arange(vectors.shape[1], device=vectors.device) < lengths
        reach = ((vectors.detach().float().norm(dim=2) * inside).sum(dim=1, keepdim=True) / lengths.clamp(min=1))[..., None]
        shift = (self._adversarial * reach * gradient.float() / size).to(vectors.dtype)
        shifted = network.classify(vectors + shift, batch.tokens, batch.lengths)  # type: ignore[operator]
        return 0.5 * (plain + self.of(shifted, batch.labels))


def balanced_weights(labels: Tensor, classes: int) -> Tensor:
    """Return (classes,) weights, n / (labels present * n of the label), so that every label present counts the same."""
    counts = labels.bincount(minlength=classes).float()
    return torch.where(counts > 0, len(labels) / (counts.clamp(min=1) * (counts > 0).sum()), 0.0)


__all__ = ["CrossEntropy", "Objective", "balanced_weights"]

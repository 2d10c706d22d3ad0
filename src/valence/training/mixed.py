"""The mixed objective: cross-entropy, adversarial and virtual adversarial training and entropy minimisation in one step.

Sachan, Zaheer and Salakhutdinov (2019, arXiv:2009.04007), after Miyato, Dai and Goodfellow (2017, arXiv:1605.07725).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from valence.text.vocabulary import PAD
from valence.training.batching import Plan
from valence.training.course import Course
from valence.training.device import use_bfloat16
from valence.training.examples import Batch, Examples
from valence.training.semi_supervised import SemiSupervised

NEIGHBOURHOOD = 0.02
"""Unlabelled texts are drawn from this share of all that are nearest in length, so that a batch needs little padding."""


class Companions:
    """Unlabelled texts as long as the labelled ones of a step; which ones follows from the seed and the step."""

    def __init__(self, unlabeled: Examples, share: float, seed: int) -> None:
        self._unlabeled = unlabeled
        self._share = share
        self._seed = seed
        self._order = np.argsort(unlabeled.lengths, kind="stable")
        self._sorted = unlabeled.lengths[self._order]
        self._reach = max(1, round(len(unlabeled) * NEIGHBOURHOOD))

    def rows(self, lengths: NDArray[np.int64], step: int) -> NDArray[np.intp]:
        """Return the texts for a step whose labelled texts have these lengths."""
        rng = np.random.default_rng([self._seed, step])
        like = rng.choice(lengths, round(len(lengths) * self._share), replace=self._share > 1)
        place = np.searchsorted(self._sorted, like) + rng.integers(-self._reach, self._reach + 1, len(like))
        rows: NDArray[np.intp] = self._order[np.clip(place, 0, len(self._order) - 1)]
        return rows

    def joined(self, batch: Batch, step: int) -> Batch:
        """Return the batch with its companions behind it."""
        rows = self.rows(batch.lengths.numpy(), step)
        if not len(rows):
            return batch
        other = self._unlabeled.batch(rows)
        time = max(batch.tokens.shape[1], other.tokens.shape[1])
        tokens = torch.cat([F.pad(b.tokens, (0, time - b.tokens.shape[1]), value=PAD) for b in (batch, other)])
        return Batch(tokens, torch.cat([batch.lengths, other.lengths]), torch.cat([batch.labels, other.labels]))


class MixedObjective:
    """The weighted sum of four terms, each a mean over texts; those that need no label count the companions too."""

    def __init__(
        self,
        recipe: SemiSupervised,
        course: Course,
        companions: Companions | None,
        device: torch.device,
        class_weights: Tensor | None = None,
    ) -> None:
        self._recipe = recipe
        self._class_weights = class_weights
        self._course = course
        self._companions = companions
        self._device = device
        self._bfloat16 = use_bfloat16(recipe.precision, device)

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of one batch of labelled texts."""
        recipe, plan = self._recipe, self._course.plan
        all_texts = batch if self._companions is None else self._companions.joined(batch, self._course.facts.step)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
            vectors: Tensor = network.embed(all_texts.tokens)  # type: ignore[operator]
            clean: Tensor = network.classify(vectors, all_texts.tokens, all_texts.lengths).float()  # type: ignore[operator]
            every = plan.texts_per_step * len(all_texts.labels) / len(batch.labels)
            loss = self._cross_entropy(clean, all_texts.labels, plan) + recipe.entropy_weight * entropy(clean) / every
            if not recipe.adversarial:
                return loss
            shift = adversarial_shift(clean, all_texts, vectors, recipe.adversarial)
            shifted: Tensor = network.classify(vectors + shift, all_texts.tokens, all_texts.lengths).float()  # type: ignore[operator]
            loss = loss + recipe.virtual_weight * divergence(clean.detach(), shifted) / every
            return loss + recipe.adversarial_weight * self._cross_entropy(shifted, all_texts.labels, plan)

    def _cross_entropy(self, logits: Tensor, labels: Tensor, plan: Plan) -> Tensor:
        weights, smoothing = self._class_weights, self._recipe.label_smoothing
        total = F.cross_entropy(logits, labels, weights, label_smoothing=smoothing, reduction="sum", ignore_index=-1)
        return total / plan.texts_per_step


def adversarial_shift(logits: Tensor, batch: Batch, vectors: Tensor, length: float) -> Tensor:
    """Return the shift of the words that changes a text's answer fastest, (batch, time, dimension).

    It goes against the log-likelihood of the text's label; where there is none, of a label drawn from the answer itself.
    The second is the virtual adversarial direction without its extra pass: the divergence has the Hessian JᵀFJ, with J the
    logits' Jacobian and F = E[ssᵀ] the Fisher information of the answer, s the drawn label's score; the gradient Jᵀs lies in
    its range, which for two labels is one line, the eigenvector that power iteration looks for (Miyato et al., 2017,
    arXiv:1605.07725, equations 5 to 7).

    Args:
        logits: (batch, labels) with their graph down to `vectors`.
        batch: the texts; label -1 where unknown.
        vectors: (batch, time, dimension) embedded words.
        length: of each text's shift as a whole, in units of its words' mean length.
    """
    log_p = logits.log_softmax(dim=1)
    drawn = torch.multinomial(log_p.detach().exp(), 1).squeeze(1)
    labels = torch.where(batch.labels >= 0, batch.labels, drawn)
    (gradient,) = torch.autograd.grad(F.nll_loss(log_p, labels, reduction="sum"), vectors, retain_graph=True)
    gradient = gradient.float()
    # an answer that is sure has a tiny gradient: the largest number is scaled to one before squares are taken
    gradient = gradient / gradient.abs().amax(dim=(1, 2), keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    size = gradient.flatten(1).norm(dim=1)[:, None, None].clamp(min=1e-12)
    words = (batch.tokens != PAD).sum(dim=1)[:, None, None]
    reach = vectors.detach().float().norm(dim=2).sum(dim=1)[:, None, None] / words
    shift: Tensor = length * reach * gradient / size
    return shift.to(vectors.dtype)


def divergence(reference: Tensor, logits: Tensor) -> Tensor:
    """Return the sum over texts of KL(reference ‖ answer) in nats, from two (batch, labels) of logits."""
    return F.kl_div(logits.log_softmax(dim=1), reference.log_softmax(dim=1), reduction="sum", log_target=True)


def entropy(logits: Tensor) -> Tensor:
    """Return the sum over texts of the answers' entropy in nats (Grandvalet and Bengio, 2004, NIPS 17)."""
    log_p = logits.log_softmax(dim=1)
    return -(log_p.exp() * log_p).sum()


__all__ = ["Companions", "MixedObjective", "adversarial_shift", "divergence", "entropy"]

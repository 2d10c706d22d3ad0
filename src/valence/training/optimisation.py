"""AdamW, its schedule and the running average of the weights, the same for both engines."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from valence.training.recipe import Recipe


def warmup_steps(steps: int, ratio: float) -> int:
    """Return the steps of rising learning rate: `ratio` of all, never more than a tenth of them."""
    return min(math.floor(steps * ratio), steps // 10)


def rate_factor(step: int, steps: int, warmup: int) -> float:
    """Return the learning rate of step `step` (from 0) as a share of its peak: a straight rise, then half a cosine down to 0."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * min((step - warmup) / max(steps - warmup, 1), 1.0)))


def build_optimizer(network: nn.Module, recipe: Recipe, steps: int) -> tuple[torch.optim.AdamW, LambdaLR]:
    """Return AdamW (Loshchilov and Hutter, 2019, arXiv:1711.05101) and its schedule over `steps` steps.

    Weight decay acts on matrices only: vectors (biases, norms) and embeddings keep their size.
    """
    embeddings = {id(m.weight) for m in network.modules() if isinstance(m, nn.Embedding)}
    trained = [p for p in network.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.dim() > 1 and id(p) not in embeddings]
    others = [p for p in trained if p.dim() <= 1 or id(p) in embeddings]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=recipe.learning_rate, fused=True)
    warmup = warmup_steps(steps, recipe.warmup_ratio)
    return optimizer, LambdaLR(optimizer, lambda step: rate_factor(step, steps, warmup))


class WeightAverage:
    """An exponential running average of a network's weights (Polyak and Juditsky, 1992, doi:10.1137/0330046).

    The decay rises as (1 + step) / (10 + step) up to its setting, so that the random start is soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network = network
        self._decay = decay
        self.weights = {k: v.detach().clone() for k, v in network.state_dict().items()}

    def update(self, step: int) -> None:
        """Move the average towards the present weights after step `step` (from 1)."""
        decay = min(self._decay, (1 + step) / (10 + step)) if self._decay else 0.0
        present: dict[str, Tensor] = self._network.state_dict()
        names = [k for k, v in self.weights.items() if v.is_floating_point()]
        with torch.no_grad():
            torch._foreach_lerp_([self.weights[k] for k in names], [present[k] for k in names], 1 - decay)
            for name in self.weights.keys() - set(names):
                self.weights[name].copy_(present[name])


__all__ = ["WeightAverage", "build_optimizer", "rate_factor", "warmup_steps"]

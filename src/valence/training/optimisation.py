"""AdamW, its schedule and the running average of the weights, the same for both engines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

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


def build_optimizer(network: nn.Module, recipe: Recipe, steps: int) -> tuple[torch.optim.Optimizer, LambdaLR]:
    """Return AdamW (Loshchilov and Hutter, 2019, arXiv:1711.05101) and its schedule over `steps` steps.

    Weight decay acts on matrices only: vectors (biases, norms) and embeddings keep their size. A network with a method
    `rate_of(parameter name)` sets each parameter's learning rate as a share of the recipe's. A recipe with a setting
    `optimizer = "adamw_8bit"` has its moments in eight bits.
    """
    embeddings = {id(m.weight) for m in network.modules() if isinstance(m, nn.Embedding)}
    rate_of: Callable[[str], float] = getattr(network, "rate_of", lambda _: 1.0)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    # matrices first: the order of the groups is the order of the optimiser's state in a checkpoint
    trained = sorted(((n, p) for n, p in network.named_parameters() if p.requires_grad), key=lambda item: not _decays(item[1], embeddings))
    for name, parameter in trained:
        decay = recipe.weight_decay if _decays(parameter, embeddings) else 0.0
        groups.setdefault((decay, rate_of(name)), []).append(parameter)
    made = [{"params": p, "weight_decay": decay, "lr": recipe.learning_rate * rate} for (decay, rate), p in groups.items()]
    optimizer = _adamw(made, recipe)
    warmup = warmup_steps(steps, recipe.warmup_ratio)
    return optimizer, LambdaLR(optimizer, lambda step: rate_factor(step, steps, warmup))


def _adamw(groups: list[dict[str, Any]], recipe: Recipe) -> torch.optim.Optimizer:
    if getattr(recipe, "optimizer", "adamw") == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)
    from valence.training.eight_bits import eight_bit_adamw

    return eight_bit_adamw(groups, recipe.learning_rate)


def _decays(parameter: nn.Parameter, embeddings: set[int]) -> bool:
    return parameter.dim() > 1 and id(parameter) not in embeddings


def learned_state(network: nn.Module) -> dict[str, Tensor]:
    """Return the network's state without its frozen parameters: all that a training changes."""
    frozen = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    return {name: value.detach() for name, value in network.state_dict().items() if name not in frozen}


class WeightAverage:
    """An exponential running average of a network's weights (Polyak and Juditsky, 1992, doi:10.1137/0330046).

    The decay rises as (1 + step) / (10 + step) up to its setting, so that the random start is soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network = network
        self._decay = decay
        self._weights = {k: v.clone() for k, v in learned_state(network).items()}

    @property
    def weights(self) -> dict[str, Tensor]:
        """The averages by name, of all that is trained; without a decay a copy of the present weights."""
        return self._weights if self._decay else {k: v.clone() for k, v in learned_state(self._network).items()}

    def update(self, step: int) -> None:
        """Move the average towards the present weights after step `step` (from 1)."""
        if not self._decay:
            return
        decay = min(self._decay, (1 + step) / (10 + step))
        present = learned_state(self._network)
        names = [k for k, v in self._weights.items() if v.is_floating_point()]
        with torch.no_grad():
            torch._foreach_lerp_([self._weights[k] for k in names], [present[k] for k in names], 1 - decay)
            for name in self._weights.keys() - set(names):
                self._weights[name].copy_(present[name])


__all__ = ["WeightAverage", "build_optimizer", "learned_state", "rate_factor", "warmup_steps"]

"""From one vector per word to one per text; what lies behind a text never counts."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


def max_over_time(states: Tensor, inside: Tensor) -> Tensor:
    """Return the (batch, features) largest value of each feature among a text's own words.

    Args:
        states: (batch, time, features).
        inside: (batch, time) bool; every row holds at least one true.
    """
    return states.masked_fill(~inside[..., None], torch.finfo(states.dtype).min).amax(dim=1)


def mean_over_time(states: Tensor, inside: Tensor) -> Tensor:
    """Return the (batch, features) mean over a text's own words, in float32."""
    total = (states.float() * inside[..., None]).sum(dim=1)
    return total / inside.sum(dim=1, keepdim=True).clamp(min=1)


def sum_over_root(states: Tensor, inside: Tensor) -> Tensor:
    """Return the (batch, features) sum over a text's own words, over the root of their number, in float32.

    What tells a label is in few words of a long text: a mean thins it out, while this keeps the spread of a sum of independent
    words the same at any length, as the L2 norm of tf-idf does for a linear model.
    """
    total = (states.float() * inside[..., None]).sum(dim=1)
    return total / inside.sum(dim=1, keepdim=True).clamp(min=1).sqrt()


POOLS = {"mean": mean_over_time, "sum": sum_over_root}
"""What may stand beside the largest value."""
Beside = Literal["mean", "sum"]


class Attention(nn.Module):
    """Additive attention over time with one learned query (Yang et al., 2016, doi:10.18653/v1/N16-1174, equations 5 to 7)."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.key = nn.Linear(features, hidden)
        self.query = nn.Linear(hidden, 1, bias=False)

    def weights(self, states: Tensor, inside: Tensor) -> Tensor:
        """Return (batch, time) float32 weights: zero behind a text, one in sum over its own words."""
        scores = self.query(torch.tanh(self.key(states))).squeeze(-1).float()
        return torch.softmax(scores.masked_fill(~inside, torch.finfo(torch.float32).min), dim=1) * inside

    def forward(self, states: Tensor, inside: Tensor) -> Tensor:
        """Return the (batch, features) weighted sum over time."""
        return torch.einsum("bt,btf->bf", self.weights(states, inside), states.float())


__all__ = ["POOLS", "Attention", "Beside", "max_over_time", "mean_over_time", "sum_over_root"]

"""Cross-entropy over a vocabulary whose output rows are its input vectors, without keeping a logit.

A window of 36,000 words over a vocabulary of 30,000 has a billion logits: stored in float32, with their softmax and their
gradient, they would take 13 GB and most of a step's time. Here a chunk of rows is turned into its gradient at once, in the
precision of the matrix products.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

CHUNK = 16_384
"""Words whose logits exist at one time."""
_SMALLEST = 1e-38


class _TiedCrossEntropy(torch.autograd.Function):
    """The gradients are made together with the loss, since both come from one softmax."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:  # noqa: ANN401
        into_hidden = torch.empty_like(hidden)
        into_weight = torch.zeros(weight.shape, dtype=torch.float32, device=weight.device)
        into_bias = torch.zeros(bias.shape, dtype=torch.float32, device=bias.device)
        total = torch.zeros((), device=hidden.device)
        for start in range(0, len(hidden), CHUNK):
            rows, words = hidden[start : start + CHUNK], targets[start : start + CHUNK, None]
            p = torch.softmax(torch.addmm(bias, rows, weight.t()), dim=1)
            total -= p.gather(1, words).float().clamp_min(_SMALLEST).log().sum()
            p.scatter_add_(1, words, p.new_full((), -1.0).expand_as(words))
            torch.mm(p, weight, out=into_hidden[start : start + CHUNK])
            into_weight += torch.mm(p.t(), rows)
            into_bias += p.sum(dim=0, dtype=torch.float32)
        ctx.save_for_backward(into_hidden, into_weight, into_bias)
        return total / len(hidden)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        into_hidden, into_weight, into_bias = ctx.saved_tensors
        scale = gradients[0] / len(into_hidden)
        return into_hidden * scale, (into_weight * scale).to(into_hidden.dtype), (into_bias * scale).to(into_hidden.dtype), None


def tied_cross_entropy(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats of `targets` under softmax(hidden weight' + bias).

    Args:
        hidden: (n, features); under autocast the products are in its precision, the sums in float32.
        weight: (words, features).
        bias: (words,).
        targets: (n,) int64.
    """
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
    with torch.autocast(kind, enabled=False):
        loss: Tensor = _TiedCrossEntropy.apply(hidden.to(dtype), weight.to(dtype), bias.to(dtype), targets)  # type: ignore[no-untyped-call]
    return loss


def draw_words(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return (n,) int64 words drawn from softmax(hidden weight' + bias); arguments as for `tied_cross_entropy`."""
    with torch.no_grad():
        drawn = []
        for start in range(0, len(hidden), CHUNK):
            p = torch.softmax(F.linear(hidden[start : start + CHUNK], weight, bias).float(), dim=1)
            drawn.append(torch.multinomial(p, 1).squeeze(1))
        return torch.cat(drawn)


def present_words(targets: Tensor, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take the words of a window as a sample of the vocabulary, for a softmax over these words alone.

    A word of share f is among n drawn words with the probability π = 1 - (1 - f)ⁿ; adding -log π to its logit makes the sum
    over the sample an unbiased estimate of the sum over the vocabulary (Horvitz and Thompson, 1952,
    doi:10.1080/01621459.1952.10483446; as sampled softmax does, Jean et al., 2015, doi:10.3115/v1/P15-1001). What was added
    to a target's own logit is to be taken off the loss again.

    Args:
        targets: (n,) int64 words.
        shares: (words,) share of each word among all words of the texts.

    Returns:
        The (m,) present words in ascending order, the place of every target among them, (n,), and what is to be added to
        their logits, (m,).
    """
    words, places = torch.unique(targets, return_inverse=True)
    absent = len(targets) * torch.log1p(-shares[words].double())
    return words, places, -torch.log(-torch.expm1(absent)).to(shares.dtype)


__all__ = ["CHUNK", "draw_words", "present_words", "tied_cross_entropy"]

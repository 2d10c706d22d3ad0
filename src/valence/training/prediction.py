"""Logits of a network as float32: dropout off, no matter which texts share a batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from valence.training.batching import by_length
from valence.training.examples import Examples

BUDGET = 65_536
"""Words per batch, padding counted; it changes the speed, no answer."""


def predict_logits(
    network: nn.Module, examples: Examples, *, budget: int = BUDGET, read: Callable[[Tensor, Tensor], Tensor] | None = None
) -> NDArray[np.float32]:
    """Return (n, labels) logits; the network is left in the mode it was in.

    Args:
        network: maps (batch, time) ids and (batch,) lengths to (batch, labels).
        examples: n texts.
        budget: words per batch.
        read: what of the network is asked instead of itself: its features, say.
    """
    ask = network if read is None else read
    was_training = network.training
    network.eval()
    rows = by_length(examples.lengths, budget)
    # cuDNN rounds float32 to TF32 unless told otherwise, which would let a batch's shape show in the answer
    try:
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            parts = [ask(b.tokens, b.lengths).float() for b in (examples.batch(r) for r in rows)]
    finally:
        network.train(was_training)
    sorted_logits = torch.cat(parts).cpu().numpy()
    logits = np.empty_like(sorted_logits)
    logits[np.concatenate(rows)] = sorted_logits
    return logits


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n, labels) log-probabilities, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def accuracy_and_loss(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Return the share of right answers and the mean log-loss in nats; non-finite logits give a non-finite loss."""
    log_p = log_softmax(logits)
    return float((logits.argmax(axis=1) == labels).mean()), float(-log_p[np.arange(len(labels)), labels].mean())


__all__ = ["BUDGET", "accuracy_and_loss", "log_softmax", "predict_logits"]

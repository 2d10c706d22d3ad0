"""Texts of one label near each other, others apart: the first half of SetFit (Tunstall et al., 2022, arXiv:2209.11055)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from valence.errors import FailedRun
from valence.training.device import use_bfloat16
from valence.training.encoders.network import EncoderNetwork
from valence.training.examples import Examples
from valence.training.optimisation import build_optimizer
from valence.training.recipe import Recipe
from valence.types import Journal


def pair_loss(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over all pairs of texts of (cosine - 1 if they share a label else 0)².

    SetFit draws pairs and reads both texts of each; here every pair within a batch counts, and each text is read once.

    Args:
        embeddings: (texts, width)
        labels: (texts,)
    """
    unit = F.normalize(embeddings.float(), dim=1)
    first, second = torch.triu_indices(len(labels), len(labels), offset=1, device=labels.device)
    same = (labels[first] == labels[second]).float()
    return F.mse_loss((unit[first] * unit[second]).sum(dim=1), same)


@dataclass(frozen=True, slots=True)
class Tuning:
    """How long and how fast."""

    steps: int
    texts: int
    """Texts per step; labels in equal numbers as far as there are texts."""
    recipe: Recipe
    """Learning rate, warm-up, decay, clipping and precision."""


def tune_by_pairs(network: EncoderNetwork, train: Examples, tuning: Tuning, *, seed: int, journal: Journal) -> None:
    """Fine-tune the body in place, over embeddings alone.

    Raises:
        FailedRun: a loss went non-finite.
    """
    optimizer, schedule = build_optimizer(network, tuning.recipe, tuning.steps)
    labels = train.labels.cpu().numpy()
    batches = balanced_batches(labels, tuning, seed)
    device = train.device
    bfloat16 = use_bfloat16(tuning.recipe.precision, device)
    body = [p for p in network.parameters() if p.requires_grad]
    network.train()
    for step, rows in enumerate(batches, start=1):
        batch = train.batch(rows)
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            pooled = network.pooled(batch.tokens, batch.lengths)
        loss = pair_loss(pooled, batch.labels)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(body, tuning.recipe.clip_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        value = loss.item()
        if not np.isfinite(value):
            raise FailedRun(f"Training stopped at step {step} of {tuning.steps}: the loss is {value}. Try a smaller --learning-rate.")
        journal.log(step, loss=value)
        journal.progress(step, tuning.steps, f"loss {value:.3f}")
    network.eval()


def balanced_batches(labels: NDArray[np.int64], tuning: Tuning, seed: int) -> list[NDArray[np.intp]]:
    """Draw the texts of every step: each label the same number, a label's texts all once before any comes again."""
    rng = np.random.default_rng(seed)
    present = np.unique(labels)
    each = max(1, tuning.texts // len(present))
    columns = []
    for label in present:
        own = np.flatnonzero(labels == label)
        rounds = -(-tuning.steps * min(each, len(own)) // len(own))
        drawn = np.concatenate([rng.permutation(own) for _ in range(rounds)])
        columns.append(drawn[: tuning.steps * min(each, len(own))].reshape(tuning.steps, -1))
    return list(np.concatenate(columns, axis=1).astype(np.intp))


__all__ = ["Tuning", "balanced_batches", "pair_loss", "tune_by_pairs"]

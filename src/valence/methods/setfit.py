"""SetFit: a sentence encoder tuned on pairs of texts, then a linear layer (Tunstall et al., 2022, arXiv:2209.11055)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from valence.methods._embeddings import Embedded
from valence.methods._encoders import TINY_ENCODER
from valence.types import Classifier, Split, Task

if TYPE_CHECKING:
    from valence.training.encoders.backbone import Backbone
    from valence.training.encoders.network import EncoderNetwork
    from valence.training.examples import Examples

DESCRIPTIONS = ("This sentence is {}.", "It was {}.", "That sounds {}.", "A {} opinion.")
"""The authors' template, and three more."""

TINY: Mapping[str, object] = {
    "backbone": TINY_ENCODER["backbone"],
    "max_length": 64,
    "learning_rate": 0.003,
    "steps": 40,
}


class Setfit(Embedded):
    """Few labels: bring texts of one label near each other, then learn a linear layer over where they are."""

    paper: ClassVar[str] = "Tunstall et al., 2022, arXiv:2209.11055"
    learns_from_valid: ClassVar[bool] = True

    pooling: Literal["first", "mean"] = "mean"
    steps: PositiveInt = 60
    """Optimiser steps; every pair of texts within a step counts."""
    batch_texts: PositiveInt = Field(default=16, ge=2)
    """Texts per step, every label the same number."""
    learning_rate: PositiveFloat = 2e-5
    """Peak learning rate of AdamW."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of training, and on CUDA of prediction: `auto` is bfloat16 where the hardware has it, else float32."""
    described: bool = False
    """Also learn from sentences that name each label ("This sentence is LABEL."), for few texts and labels with plain names."""
    strength: PositiveFloat = 1.0
    """Inverse L2 penalty of the linear layer (C of scikit-learn)."""

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Tune on pairs of `train`, then fit the linear layer; it is so small a model that `valid` joins its texts."""
        from valence.training.device import resolve_device
        from valence.training.encoders.embedding import embed, fit_linear

        device = resolve_device(task.device)
        origin = self.find_backbone()
        subwords = origin.subwords()
        train = with_descriptions(train, task.labels) if self.described else train
        learn, check = (self.examples(subwords, part, device) for part in (train, valid))
        network = self.tuned(origin, learn, task, self.batch_texts)
        embedded = np.concatenate([embed(network, part) for part in (learn, check)])
        linear = fit_linear(embedded, np.concatenate([train.labels, valid.labels]), len(task.labels), self.strength)
        return self.classifier(network, linear, subwords, origin, device, frozen=False)

    def tuned(self, origin: Backbone, learn: Examples, task: Task, texts: int) -> EncoderNetwork:
        """Return the pretrained weights tuned on pairs of `learn`, so many texts in each step; the seed is the task's."""
        import torch

        from valence.training.encoders.pairs import Tuning, tune_by_pairs
        from valence.training.recipe import Recipe

        device = learn.device
        recipe = Recipe(learning_rate=self.learning_rate, warmup_ratio=0.1, precision=self.precision)
        with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []):
            torch.manual_seed(task.seed)
            network = self.wrap(origin.model(task.labels)).to(device)
            tune_by_pairs(network, learn, Tuning(self.steps, texts, recipe), seed=task.seed, journal=task.journal)
        return network


def with_descriptions(train: Split, labels: tuple[str, ...]) -> Split:
    """Return the texts with sentences that name each label behind them, as the authors' code does where no text has a label.

    Args:
        train: the labelled texts.
        labels: names of the labels, k of them; 4 sentences are made for each.
    """
    texts = [sentence.format(name) for name in labels for sentence in DESCRIPTIONS]
    ids = tuple(f"described-{n}" for n in range(len(texts)))
    named = np.repeat(np.arange(len(labels)), len(DESCRIPTIONS))
    return Split(train.ids + ids, (*train.texts, *texts), np.concatenate([train.labels, named]))

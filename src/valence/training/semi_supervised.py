"""The settings of a training that also reads texts without labels: pretraining first, then the mixed objective."""

from __future__ import annotations

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat

from valence.training.recipe import Recipe


class SemiSupervised(Recipe):
    """How a network learns from texts without labels."""

    pretraining_epochs: NonNegativeInt = 10
    """Passes over all texts, labelled or not, before the labels are looked at; 0 starts from random weights."""
    pretraining_rate: PositiveFloat = 3e-3
    """Peak learning rate of the pretraining."""
    pretraining_decay: NonNegativeFloat = 0.01
    """Decay of AdamW on weight matrices in the pretraining."""
    pretraining_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the numbers hidden between the layers in the pretraining."""
    pretraining_seed: NonNegativeInt | None = None
    """Seed of the pretraining, the run's own when not given; runs that give the same one share a body through $VALENCE_BODIES."""
    unlabeled_share: NonNegativeFloat = 1.0
    """Unlabelled texts in a step of the mixed objective, for each labelled one."""
    adversarial_weight: NonNegativeFloat = 1.0
    """Weight of the cross-entropy at the shifted words; `adversarial` is the length of the shift."""
    virtual_weight: NonNegativeFloat = 1.0
    """Weight of the divergence between the answers at the words and at the shifted words, unlabelled texts included."""
    entropy_weight: NonNegativeFloat = 1.0
    """Weight of the entropy of the answers, unlabelled texts included."""


__all__ = ["SemiSupervised"]

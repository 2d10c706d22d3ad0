"""The settings of a training, shared by every method that trains with gradients, whichever engine carries it out."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from valence.types import Settings


class Recipe(Settings):
    """How a network is trained."""

    engine: Literal["packed", "trainer"] = "packed"
    """`packed`, our loop with everything on the device, or `trainer`, the Trainer of transformers; both see the same batches."""
    epochs: PositiveInt = 6
    """Passes over the training texts."""
    keep_epoch: Literal["best", "last"] = "best"
    """Which pass's weights are kept: the one `best` on the validation texts, or the `last`, after which the learning rate is 0."""
    batch_tokens: PositiveInt = 16_384
    """Words per batch at most, padding counted: many short texts or few long ones; small training sets get smaller batches."""
    batch_texts: PositiveInt | None = None
    """Texts per batch at most; none leaves it to `batch_tokens` alone."""
    minimum_steps: NonNegativeInt = 0
    """Optimiser steps at least: a small training set is passed over more often than `epochs` says."""
    patience: NonNegativeInt = 0
    """Epochs without a better answer on the validation texts after which training ends; 0 trains to the end."""
    learning_rate: PositiveFloat = 3e-3
    """Peak learning rate of AdamW."""
    warmup_ratio: float = Field(default=0.05, ge=0, le=0.1)
    """Share of the steps over which the learning rate rises to its peak, a tenth at most."""
    weight_decay: NonNegativeFloat = 0.01
    """Decay of AdamW on weight matrices; biases, norms and word vectors have none."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of the target that is spread evenly over all labels."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced` weighs each text by the rarity of its label, so that every label counts the same."""
    adversarial: NonNegativeFloat = 0.0
    """Length of the adversarial step on the embedded words, in units of their mean length; 0 trains without it."""
    clip_norm: PositiveFloat = 1.0
    """Gradients longer than this are scaled down to it."""
    average_decay: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running average of the weights that validation and prediction use; 0 uses the last weights."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of the training: `auto` is bfloat16 where the hardware has it, else float32; prediction is always float32."""
    report_to: str = "none"
    """Where the trainer engine also reports to: `none`, `tensorboard` (into ./tensorboard), `mlflow`, `wandb` or several with commas."""

    @model_validator(mode="after")
    def _the_last_is_known_beforehand(self) -> Self:
        if self.keep_epoch == "last" and self.patience:
            raise ValueError(f"patience {self.patience} ends a training where no epoch was better; keep_epoch last needs patience 0")
        return self

    @model_validator(mode="after")
    def _only_the_trainer_reports(self) -> Self:
        if self.report_to != "none" and self.engine == "packed":
            raise ValueError(f"report_to {self.report_to} needs engine trainer; the {self.engine} engine writes the run's history only")
        return self


__all__ = ["Recipe"]

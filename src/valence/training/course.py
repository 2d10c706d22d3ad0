"""What both engines do around their optimiser steps: watch the loss, average the weights, validate, keep the best epoch or the last.

An engine calls `after_step` once per step. All that a resumed training needs beside the network, the optimiser and the
random state is in `tensors` and `facts`.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from valence.errors import FailedRun
from valence.training.batching import Plan
from valence.training.examples import Examples
from valence.training.optimisation import WeightAverage, learned_state
from valence.training.prediction import accuracy_and_loss, predict_logits
from valence.training.recipe import Recipe
from valence.types import Journal

WINDOW = 50
"""Steps after which the losses are read at the latest: reading them waits for the device."""
CHECKPOINT_SECONDS = 60.0
"""A killed training loses at most about this much work; also every epoch's end is kept, unless that costs too much."""

CHEAP_SECONDS = 2.0
"""A checkpoint that takes longer to write than this is written more rarely."""

DEAR_SECONDS = 0.5
"""One that takes longer than this is left out at the end of an epoch shorter than `WORTH` times as long: an encoder's takes seconds."""
WORTH = 20.0

FEWEST_TO_CHOOSE = 50
"""Fewer validation texts than this tell no epochs apart (one answer is two points and more): the last epoch is kept then."""


@dataclass(slots=True)
class Facts:
    """Where a training stands."""

    step: int = 0
    best_accuracy: float = -1.0
    best_loss: float = math.inf
    best_epoch: int = 0


class Course:
    """The state of one training that belongs to no engine."""

    def __init__(self, network: nn.Module, plan: Plan, valid: Examples, recipe: Recipe, journal: Journal) -> None:
        self.plan = plan
        self.facts = Facts()
        self.validated: dict[str, float] = {}
        """Accuracy and loss on the validation texts, where the last step ended an epoch."""
        self._network = network
        self._valid = valid
        self._recipe = recipe
        self._journal = journal
        self._average = WeightAverage(network, recipe.average_decay)
        self._best: dict[str, Tensor] = dict(self._average.weights)
        self._losses: list[Tensor] = []
        self._note = ""
        self._saved_at = time.monotonic()
        self._wait = CHECKPOINT_SECONDS
        self._cost = 0.0
        self._window = max(1, min(WINDOW, plan.steps // 40))

    def after_step(self, loss: Tensor) -> bool:
        """Take note of a finished step; at an epoch's end validate.

        Args:
            loss: the step's loss, a detached scalar on the device.

        Returns:
            Whether a checkpoint is due.

        Raises:
            FailedRun: a loss went non-finite.
        """
        self.facts.step += 1
        self._average.update(self.facts.step)
        self._losses.append(loss.detach().float())
        self.validated = {}
        ended = self.facts.step in self.plan.epoch_ends
        if ended or len(self._losses) >= self._window:
            self._report(validate=ended)
        since = time.monotonic() - self._saved_at
        return since > self._wait or (ended and (self._cost <= DEAR_SECONDS or since > WORTH * self._cost))

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """Time the writing of a checkpoint: a large network's are written more rarely, so that they cost a few per cent."""
        begun = time.monotonic()
        yield
        self._saved_at = time.monotonic()
        self._cost = self._saved_at - begun
        self._wait = CHECKPOINT_SECONDS * max(1.0, self._cost / CHEAP_SECONDS)

    def finish(self) -> None:
        """Put the weights of the kept epoch into the network."""
        self._network.load_state_dict(self._best, strict=False)  # frozen parameters are where they were

    @property
    def over(self) -> bool:
        """Whether every step is done, or no epoch within the recipe's patience was better."""
        done = sum(end <= self.facts.step for end in self.plan.epoch_ends)
        waited = done - self.facts.best_epoch
        return self.facts.step >= self.plan.steps or 0 < self._recipe.patience <= waited

    def tensors(self) -> dict[str, Tensor]:
        """Return what a checkpoint keeps, beside `facts`."""
        average = {f"average.{k}": v for k, v in self._average.weights.items()}
        return average | {f"best.{k}": v for k, v in self._best.items()}

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, float]) -> None:
        """Go back to where `tensors` and `facts` were taken."""
        self.facts = Facts(int(facts["step"]), facts["best_accuracy"], facts["best_loss"], int(facts["best_epoch"]))
        for name, weight in self._average.weights.items():
            weight.copy_(tensors[f"average.{name}"])
        self._best = {k: tensors[f"best.{k}"].to(v.device) for k, v in self._average.weights.items()}

    def _report(self, *, validate: bool) -> None:
        step, steps = self.facts.step, self.plan.steps
        losses = torch.stack(self._losses).cpu()
        self._losses.clear()
        bad = (~losses.isfinite()).nonzero()
        if len(bad):
            raise self._failure(step - len(losses) + int(bad[0]) + 1, f"the loss is {losses[bad[0]].item()}")
        values = {"loss": losses.mean().item()}
        if validate:
            self.validated = self._validate()
            values |= self.validated
            self._note = f", valid {values['valid_accuracy']:.4f}"
        self._journal.log(step, **values)
        self._journal.progress(step, steps, f"loss {values['loss']:.3f}{self._note}")

    def _validate(self) -> dict[str, float]:
        """Score the averaged weights on the validation texts; keep them if best so far, or asked for, or the texts are too few to tell."""
        epoch = self.plan.epoch_ends.index(self.facts.step) + 1
        average = self._average.weights
        present = {k: v.clone() for k, v in learned_state(self._network).items()}
        self._network.load_state_dict(average, strict=False)
        logits = predict_logits(self._network, self._valid)
        self._network.load_state_dict(present, strict=False)
        accuracy, loss = accuracy_and_loss(logits, self._valid.labels.cpu().numpy())
        if not math.isfinite(loss):
            raise self._failure(self.facts.step, "the validation loss is not finite")
        latest = self._recipe.keep_epoch == "last" or len(self._valid) < FEWEST_TO_CHOOSE
        if latest or (accuracy, -loss) > (self.facts.best_accuracy, -self.facts.best_loss):
            self.facts = Facts(self.facts.step, accuracy, loss, epoch)
            self._best = {k: v.clone() for k, v in average.items()}
        return {"epoch": epoch, "valid_accuracy": accuracy, "valid_loss": loss}

    def _failure(self, step: int, what: str) -> FailedRun:
        rate = self._recipe.learning_rate
        return FailedRun(
            f"Training stopped at step {step} of {self.plan.steps}: {what}. The likely cause is a learning rate too high "
            f"({rate:g}). Try --learning-rate {rate / 10:g}, or --precision float32 if it was bfloat16."
        )

    def facts_as_dict(self) -> dict[str, float]:
        """Return the facts as numbers for a checkpoint."""
        return asdict(self.facts)


__all__ = ["CHECKPOINT_SECONDS", "FEWEST_TO_CHOOSE", "WINDOW", "Course", "Facts"]

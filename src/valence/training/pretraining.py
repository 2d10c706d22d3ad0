"""Train the body of a network on texts without their labels: one loop for every objective, resumable, kept by fingerprint.

A body that was pretrained with the same texts, settings and seed is read back instead of trained again. It is kept in the
run's own folder; where $VALENCE_BODIES names a folder, it is kept there, and all runs with the same `pretraining_seed`
share it (each of them waits while one of them trains it).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from filelock import FileLock
from torch import Tensor, nn

from valence.errors import FailedRun
from valence.training.checkpoint import load_state, save_state
from valence.training.course import WINDOW
from valence.training.device import use_bfloat16
from valence.training.optimisation import build_optimizer
from valence.training.pretraining_state import Objective, PretrainingState
from valence.training.recipe import Recipe
from valence.types import Journal

FOLDER = "VALENCE_BODIES"
N = TypeVar("N", bound=nn.Module)


class Later(Journal):
    """A journal whose steps count on from an earlier part of the same fit."""

    def __init__(self, journal: Journal, steps: int) -> None:
        self.folder = journal.folder
        self._journal = journal
        self._steps = steps

    def log(self, step: int, **values: float) -> None:
        """Keep a row behind those of the earlier part."""
        self._journal.log(self._steps + step, **values)

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Pass on."""
        self._journal.progress(done, total, note)


@dataclass(frozen=True, slots=True)
class Body:
    """What a pretraining leaves behind."""

    weights: dict[str, Tensor]
    """By name, on the CPU; what belongs to the pretraining only, such as its output layer, is among them."""
    steps: int
    """How many steps it took."""
    mark: str
    """Fingerprint of its texts, settings and seed."""

    def put_into(self, network: N) -> N:
        """Put the weights into all of the network but its head, which is called `head`; returns it.

        Raises:
            KeyError: the body lacks a part of the network.
        """
        if self.weights:
            wanted = [name for name in network.state_dict() if not name.startswith("head.")]
            network.load_state_dict({name: self.weights[name] for name in wanted}, strict=False)
        return network


def pretrain(build: Callable[[], Objective], recipe: Recipe, *, seed: int, mark: str, device: torch.device, journal: Journal) -> Body:
    """Return the pretrained body.

    Args:
        build: makes the objective with its network on `device`; its random start follows from `seed`.
        recipe: learning rate, warm-up, weight decay, clipping and precision.
        seed: of the start and of dropout.
        mark: fingerprint of texts, settings and seed; equal ones share a body.
        device: where to train.
        journal: is told of loss and progress; its folder keeps the checkpoint and the body.

    Raises:
        FailedRun: a loss went non-finite.
    """
    folder = Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else journal.folder
    if folder is None:
        return Body(*_train(build, recipe, seed, device, journal, None, mark), mark)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"body-{mark}.safetensors"
    journal.progress(0, 1, "waiting for the pretrained body")
    with FileLock(folder / f"body-{mark}.lock"):
        found = load_state(kept, mark)
        if found is not None:
            return Body(found[0], found[1]["steps"], mark)
        checkpoint = folder / f"pretraining-{mark}.safetensors"
        weights, steps = _train(build, recipe, seed, device, journal, checkpoint, mark)
        save_state(kept, weights, {"steps": steps}, mark)
        checkpoint.unlink(missing_ok=True)
        return Body(weights, steps, mark)


def _train(
    build: Callable[[], Objective], recipe: Recipe, seed: int, device: torch.device, journal: Journal, checkpoint: Path | None, mark: str
) -> tuple[dict[str, Tensor], int]:
    with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        objective = build()
        optimizer, schedule = build_optimizer(objective.network, recipe, objective.steps)
        state = PretrainingState(objective, optimizer, device, checkpoint, mark)
        step = state.resume()
        parameters = [p for p in objective.network.parameters() if p.requires_grad]
        watch = _Watch(objective.steps, step, recipe, journal)
        objective.network.train()
        for at in range(step, objective.steps):
            for group, base, factor in zip(optimizer.param_groups, schedule.base_lrs, schedule.lr_lambdas, strict=True):
                group["lr"] = base * factor(at)
            with torch.autocast(device.type, torch.bfloat16, enabled=use_bfloat16(recipe.precision, device)):
                loss = objective.loss(at)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, recipe.clip_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            watch.after_step(at + 1, loss)
            state.keep_when_due(at + 1)
    return {name: weight.detach().cpu() for name, weight in objective.network.state_dict().items()}, objective.steps


class _Watch:
    """Reads the losses now and then, since reading them waits for the device."""

    def __init__(self, steps: int, done: int, recipe: Recipe, journal: Journal) -> None:
        self._steps = steps
        self._recipe = recipe
        self._journal = journal
        self._losses: list[Tensor] = []
        self._window = max(1, min(WINDOW, steps // 40))
        self._started = time.monotonic()
        self._done = done

    def after_step(self, step: int, loss: Tensor) -> None:
        """Take note of a step; every few steps report.

        Raises:
            FailedRun: a loss went non-finite.
        """
        self._losses.append(loss.detach().float())
        if len(self._losses) < self._window and step < self._steps:
            return
        losses = torch.stack(self._losses).cpu()
        self._losses.clear()
        if not losses.isfinite().all():
            raise self._failure(step)
        mean = losses.mean().item()
        self._journal.log(step, pretraining_loss=mean)
        rate = (step - self._done) / max(time.monotonic() - self._started, 1e-9)
        self._journal.progress(step, self._steps, f"pretraining, loss {mean:.3f}, {math.ceil((self._steps - step) / rate)} s left")

    def _failure(self, step: int) -> FailedRun:
        rate = self._recipe.learning_rate
        return FailedRun(
            f"Pretraining stopped near step {step} of {self._steps}: the loss is not finite. The likely cause is a learning rate "
            f"too high ({rate:g}). Try --pretraining-rate {rate / 10:g}, or --precision float32 if it was bfloat16."
        )


__all__ = ["FOLDER", "Body", "Later", "Objective", "pretrain"]

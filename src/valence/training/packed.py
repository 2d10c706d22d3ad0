"""The packed engine: our own loop, with texts, labels and batches on the device and no host copy inside a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from valence.training.batching import Plan
from valence.training.checkpoint import load_state, random_state, save_state, set_random_state
from valence.training.course import Course
from valence.training.examples import Batch, Examples
from valence.training.losses import CrossEntropy, Objective
from valence.training.networks.words import WordNetwork
from valence.training.optimisation import build_optimizer, learned_state
from valence.training.parallel import Crew, Passes
from valence.training.parallel import crew as current_crew
from valence.training.recipe import Recipe
from valence.training.replay import OneShape, Replay

FILE = "packed.safetensors"


def train_packed(network: nn.Module, train: Examples, course: Course, objective: Objective, recipe: Recipe, place: Place) -> None:
    """Train in place; resumes from the checkpoint in `place` if it holds one of the same training."""
    optimizer, schedule = build_optimizer(network, recipe, course.plan.steps)
    place.resume(network, optimizer, course)
    schedule.last_epoch = course.facts.step
    for group, base, factor in zip(optimizer.param_groups, schedule.base_lrs, schedule.lr_lambdas, strict=True):
        group["lr"] = base * factor(course.facts.step)
    network.train()
    crew, learned = current_crew(), [p for p in network.parameters() if p.requires_grad]
    passes = start_passes(network, train, objective, recipe, clip=crew is None)
    try:
        while not course.over:
            rows = course.plan.batches[course.facts.step]
            if crew is None:
                loss = passes(rows)
            else:
                loss = crew.lead(course.facts.step, rows, passes, learned)
                nn.utils.clip_grad_norm_(learned, recipe.clip_norm)
            optimizer.step()
            schedule.step()
            if course.after_step(loss) and place.folder is not None:
                with course.saving():
                    place.keep(network, optimizer, course)
    finally:
        if crew is not None:
            crew.rest(train.device)
    optimizer.zero_grad(set_to_none=True)


def follow_packed(network: nn.Module, train: Examples, plan: Plan, objective: Objective, recipe: Recipe, seed: int, crew: Crew) -> None:
    """Compute this process's share of the gradients of a training that another process leads; the network is its last step's then."""
    network.train()
    passes = start_passes(network, train, objective, recipe, clip=False)
    crew.follow(passes, plan.batches, [p for p in network.parameters() if p.requires_grad], seed)


def start_passes(network: nn.Module, train: Examples, objective: Objective, recipe: Recipe, *, clip: bool = True) -> Passes:
    """Return what leaves the gradients of a batch, given by its rows, in `grad` of each parameter, and returns the loss.

    On a GPU, passes over a word network's batches, and over an encoder's of few tokens, are captured and replayed.
    """
    parameters = [p for p in network.parameters() if p.requires_grad]

    def work(batch: Batch) -> Tensor:
        loss = objective(network, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        if clip:
            nn.utils.clip_grad_norm_(parameters, recipe.clip_norm)
        return loss

    def plain(rows: NDArray[np.intp]) -> Tensor:
        for parameter in parameters:
            parameter.grad = None
        return work(train.batch(rows))

    # other objectives draw on the host, or read each text's words again, or compare texts, some of which a word network's room makes up
    repeats = type(objective) is CrossEntropy if isinstance(network, WordNetwork) else _reads_once(objective, recipe)
    if repeats and isinstance(network, OneShape) and network.has_one_shape(train.device, recipe.precision):
        return Replay(network, train, work)
    return plain


def _reads_once(objective: Objective, recipe: Recipe) -> bool:
    return isinstance(objective, CrossEntropy) and not recipe.adversarial


class Place:
    """Where the checkpoints of one training lie; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, mark: str, device: torch.device) -> None:
        self.folder = folder
        self.mark = mark
        self.device = device

    def keep(self, network: nn.Module, optimizer: torch.optim.Optimizer, course: Course) -> None:
        """Write weights, optimiser, averages and random state as one file."""
        if self.folder is None:
            return
        tensors = {f"network.{k}": v for k, v in learned_state(network).items()} | course.tensors() | random_state(self.device)
        for index, values in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{k}": v for k, v in values.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        save_state(self.folder / FILE, tensors, course.facts_as_dict(), self.mark)

    def resume(self, network: nn.Module, optimizer: torch.optim.Optimizer, course: Course) -> None:
        """Read back what `keep` wrote, if it is there."""
        found = load_state(self.folder / FILE, self.mark) if self.folder is not None else None
        if found is None:
            return
        tensors, facts = found
        network.load_state_dict(_under(tensors, "network."), strict=False)
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(tensors, "optimizer.").items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = tensor
        whole: dict[str, Any] = {**optimizer.state_dict(), "state": state}
        optimizer.load_state_dict(whole)
        course.restore(tensors, facts)
        set_random_state(tensors, self.device)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


__all__ = ["Place", "follow_packed", "train_packed"]

"""One call that trains a network, whichever engine the recipe names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from valence.errors import BadSetting
from valence.training.batching import Plan
from valence.training.checkpoint import fingerprint
from valence.training.course import Course
from valence.training.device import use_bfloat16
from valence.training.examples import Examples
from valence.training.losses import CrossEntropy, Objective, balanced_weights
from valence.training.packed import Place, follow_packed, train_packed
from valence.training.parallel import crew as current_crew
from valence.training.recipe import Recipe
from valence.types import Task

N = TypeVar("N", bound=nn.Module)


def fit_network(
    build: Callable[[], N],
    train: Examples,
    valid: Examples,
    recipe: Recipe,
    task: Task,
    objective: Callable[[Recipe, float, torch.device, Tensor | None], Objective] = CrossEntropy,
) -> N:
    """Build a network and train it; returns it with the weights of the kept epoch.

    Args:
        build: makes the network; its random start follows from `task.seed`.
        train: labelled texts on the device to train on.
        valid: labelled texts on the same device; they choose the epoch.
        recipe: how to train.
        task: gives the seed, and the journal, whose folder keeps checkpoints; the same training resumes from them.
        objective: makes the loss from the recipe, the mean number of texts per step, the device and the class weights.

    Raises:
        FailedRun: a loss went non-finite.
        BadSetting: it cannot be carried out here (`check_training`); said before the network is built or its weights fetched.
    """
    device, crew = train.device, current_crew()
    check_training(recipe, device, shared=crew is not None)
    plan = draw_plan(train, recipe, task.seed)
    loss = objective(recipe, plan.texts_per_step, device, weights_by_class(train, recipe, task))
    if crew is not None:
        check_shared(recipe, loss)
        crew.begin()
    # dropout draws from the global generators: they are borrowed and given back
    with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []):
        torch.manual_seed(task.seed)
        network = build().to(device)
        if crew is not None and not crew.leads:
            follow_packed(network, train, plan, loss, recipe, task.seed, crew)
            return network.eval()
        course = Course(network, plan, valid, recipe, task.journal)
        mark = fingerprint(recipe.model_dump(mode="json"), task.seed, _shapes(network), *contents(train), *contents(valid))
        train_by_engine(network, train, course, loss, recipe, task.journal.folder, mark)
        course.finish()
    return network.eval()


def check_training(recipe: Recipe, device: torch.device, *, shared: bool = False) -> None:
    """Refuse what would only fail once weights were fetched, or after a pretraining; `shared` where several processes can train.

    Raises:
        BadSetting: several processes were started together and cannot share this training, the device has no bfloat16 as asked
            for, or `report_to` names what is not installed.
    """
    together = os.environ.get("WORLD_SIZE", "1")
    if together != "1" and not shared:
        raise BadSetting(
            f"{together} processes were started together (torchrun, accelerate launch), and this training is one process's. "
            "Start valence by itself, and spread many runs with: valence sweep --workers"
        )
    use_bfloat16(recipe.precision, device)
    if recipe.report_to != "none":
        from valence.training.reports import check_reports

        check_reports(recipe.report_to)


def check_shared(recipe: Recipe, loss: Objective) -> None:
    """Refuse what several processes cannot train together.

    Raises:
        BadSetting: another engine than our own, or a loss that compares the texts of a step.
    """
    if recipe.engine != "packed":
        raise BadSetting(f"engine = {recipe.engine} trains in one process. Give --engine packed, or start valence by itself.")
    if not getattr(loss, "adds_up", False):
        raise BadSetting(
            f"{type(loss).__name__} compares the texts of a step, which several processes do not share. Start valence by itself."
        )


def train_by_engine(
    network: nn.Module, train: Examples, course: Course, objective: Objective, recipe: Recipe, folder: Path | None, mark: str
) -> None:
    """Train in place by the recipe's engine; resumes from a checkpoint in `folder` that carries `mark`."""
    if recipe.engine == "packed":
        train_packed(network, train, course, objective, recipe, Place(folder, mark, train.device))
        return
    from valence.training.trainer import train_with_trainer

    train_with_trainer(network, train, course, objective, recipe, folder, mark)


def _shapes(network: nn.Module) -> dict[str, list[int]]:
    return {name: list(weight.shape) for name, weight in network.state_dict().items()}


def draw_plan(train: Examples, recipe: Recipe, seed: int) -> Plan:
    """Return the batches of a training by `recipe`."""
    return Plan.draw(
        train.lengths,
        epochs=recipe.epochs,
        budget=recipe.batch_tokens,
        seed=seed,
        texts=recipe.batch_texts,
        minimum_steps=recipe.minimum_steps,
    )


def weights_by_class(train: Examples, recipe: Recipe, task: Task) -> Tensor | None:
    """Return (labels,) weights on the device, as `class_weights` asks for; None where all texts weigh the same."""
    return balanced_weights(train.labels, len(task.labels)) if recipe.class_weights == "balanced" else None


def contents(examples: Examples) -> tuple[object, object, object]:
    """Return what a fingerprint of these texts is made of."""
    return examples.lengths, examples.ids.cpu().numpy(), examples.labels.cpu().numpy()


__all__ = ["check_training", "contents", "draw_plan", "fit_network", "train_by_engine", "weights_by_class"]

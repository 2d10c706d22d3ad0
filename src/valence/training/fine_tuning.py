"""Train a pretrained network for its labels, with the mixed objective, by whichever engine the recipe names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from valence.training.checkpoint import fingerprint
from valence.training.course import Course
from valence.training.examples import Examples
from valence.training.fitting import contents, draw_plan, train_by_engine, weights_by_class
from valence.training.mixed import Companions, MixedObjective
from valence.training.networks.words import WordNetwork
from valence.training.semi_supervised import SemiSupervised
from valence.types import Journal, Task

N = TypeVar("N", bound=WordNetwork)


def fine_tune(
    build: Callable[[], N],
    train: Examples,
    valid: Examples,
    unlabeled: Examples | None,
    recipe: SemiSupervised,
    task: Task,
    journal: Journal,
    body: str,
) -> N:
    """Return the network with the weights of the kept epoch.

    Args:
        build: makes the network on the device, with its pretrained body in place.
        train: labelled texts.
        valid: labelled texts; they choose the epoch.
        unlabeled: texts for the terms that need no label; None when there are none.
        recipe: how to train.
        task: gives the seed.
        journal: is told of losses, and its folder keeps checkpoints; the same training resumes from them.
        body: fingerprint of the pretraining.

    Raises:
        FailedRun: a loss went non-finite.
    """
    device = train.device
    with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []):
        torch.manual_seed(task.seed)
        network = build().to(device)
        plan = draw_plan(train, recipe, task.seed)
        course = Course(network, plan, valid, recipe, journal)
        companions = Companions(unlabeled, recipe.unlabeled_share, task.seed) if unlabeled is not None else None
        weights = weights_by_class(train, recipe, task)
        objective = MixedObjective(recipe, course, companions, device, weights)
        mark = fingerprint(recipe.model_dump(mode="json"), task.seed, body, *contents(train), *contents(valid))
        train_by_engine(network, train, course, objective, recipe, journal.folder, mark)
        course.finish()
    return network.eval()


__all__ = ["fine_tune"]

"""The trainer engine: the Trainer of transformers runs the loop, checkpoints, resumes and reports.

Batches, loss, optimiser, schedule and validation are the ones of the packed engine, so that the two can be compared step
by step; they differ in who carries the steps out.
"""

from __future__ import annotations

import contextlib
import logging
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.utils import logging as transformers_logging

from valence.training.checkpoint import load_state, random_state, save_state, set_random_state
from valence.training.course import Course
from valence.training.examples import Examples
from valence.training.losses import Objective
from valence.training.optimisation import build_optimizer
from valence.training.recipe import Recipe
from valence.training.reports import keep_beside, named_reports

FILE = "course.safetensors"
"""Written last into a checkpoint of the Trainer: a folder without it was cut off by a kill."""
KEPT = 2


def train_with_trainer(
    network: nn.Module, train: Examples, course: Course, objective: Objective, recipe: Recipe, folder: Path | None, mark: str
) -> None:
    """Train in place; resumes from the newest whole checkpoint in `folder` that carries `mark`."""
    with quiet_transformers(), contextlib.ExitStack() as stack:
        place = _place(folder, mark) if folder else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="valence-")))
        arguments = _arguments(recipe, course, place, train.device, f"{type(recipe).__module__.rpartition('.')[2]}-{mark[:8]}")
        watch = _Watch(course, mark if folder is not None else None, train.device)
        checkpoint = watch.resume(place) if folder is not None else None
        if course.over:  # by its patience: the Trainer would take one step more
            return
        trainer = _Loop(network, arguments, train, course, objective, recipe, watch)
        keep_beside(trainer.callback_handler.callbacks, str(arguments.run_name))
        trainer.train(resume_from_checkpoint=checkpoint)


def _place(folder: Path, mark: str) -> Path:
    """Return this training's own folder; those of trainings with other settings are out of date and go."""
    place = folder / f"trainer-{mark}"
    for other in folder.glob("trainer-*"):
        if other != place:
            shutil.rmtree(other, ignore_errors=True)
    return place


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep the notes of transformers and accelerate off the screen, and the generators that the Trainer seeds as they were."""
    level = transformers_logging.get_verbosity()
    accelerate_log = logging.getLogger("accelerate")
    before = accelerate_log.level
    generators = random.getstate(), np.random.get_state()  # noqa: NPY002
    library: Any = transformers_logging
    bars = library.is_progress_bar_enabled()
    library.set_verbosity(logging.ERROR)
    library.disable_progress_bar()
    accelerate_log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        random.setstate(generators[0])
        np.random.set_state(generators[1])  # noqa: NPY002
        library.set_verbosity(level)
        if bars:
            library.enable_progress_bar()
        accelerate_log.setLevel(before)


class _Arguments(TrainingArguments):
    """Arguments that keep to one device: the Trainer would else take the first GPU, or all of them at once."""

    chosen = torch.device("cpu")

    @property
    def device(self) -> torch.device:
        _ = self._setup_devices  # sets what the Trainer asks of a single process
        return self.chosen

    @property
    def n_gpu(self) -> int:
        return int(self.chosen.type == "cuda")


def _arguments(recipe: Recipe, course: Course, place: Path, device: torch.device, run_name: str) -> TrainingArguments:
    arguments = _Arguments(
        output_dir=str(place),
        max_steps=course.plan.steps,
        max_grad_norm=recipe.clip_norm,
        learning_rate=recipe.learning_rate,
        logging_strategy="no" if recipe.report_to == "none" else "steps",
        logging_steps=max(1, min(50, course.plan.steps // 40)),
        logging_nan_inf_filter=False,
        save_strategy="no",
        save_total_limit=KEPT,
        report_to=named_reports(recipe.report_to),
        run_name=run_name,
        disable_tqdm=True,
        use_cpu=device.type == "cpu",
        ignore_data_skip=True,
        remove_unused_columns=False,
    )
    arguments.chosen = device
    return arguments


class _Batches:
    """The batches from the Trainer's present step on."""

    def __init__(self, train: Examples, course: Course) -> None:
        self._train = train
        self._course = course

    def __len__(self) -> int:
        return self._course.plan.steps

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for rows in self._course.plan.batches[self._course.facts.step :]:
            yield {"batch": self._train.batch(rows)}


class _Loop(Trainer):
    """The Trainer with our batches and our loss."""

    def __init__(
        self,
        network: nn.Module,
        arguments: TrainingArguments,
        train: Examples,
        course: Course,
        objective: Objective,
        recipe: Recipe,
        watch: _Watch,
    ) -> None:
        super().__init__(network, arguments, callbacks=[watch], optimizers=build_optimizer(network, recipe, course.plan.steps))
        self.accelerator.device_placement = False  # the network is where it belongs
        self.remove_callback(PrinterCallback)
        self._batches = _Batches(train, course)
        self._objective = objective
        self._watch = watch

    def get_train_dataloader(self) -> _Batches:  # type: ignore[override]
        return self._batches

    def log(self, logs: dict[str, float], *others: Any) -> None:  # noqa: ANN401
        """Report what was validated in this step too, under the names that the Trainer's own evaluation has."""
        seen = {f"eval_{name.removeprefix('valid_')}": value for name, value in self._watch.validated.items()}
        self._watch.validated = {}  # told once
        super().log({**logs, **seen}, *others)

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *_: object, **__: object) -> Tensor:
        loss = self._objective(model, inputs["batch"])
        self._watch.loss = loss.detach()
        return loss


class _Watch(TrainerCallback):
    """Tells the course of every step, and keeps its state inside the Trainer's checkpoints."""

    loss: Tensor

    def __init__(self, course: Course, mark: str | None, device: torch.device) -> None:
        self._course = course
        self._mark = mark
        self._device = device
        self._random = random_state(device)
        self.validated: dict[str, float] = {}

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        # the Trainer seeds the generators with its own seed; a resumed one reads the checkpoint's state after this
        set_random_state(self._random, self._device)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        due = self._course.after_step(self.loss)
        self.validated = self._course.validated
        control.should_save = due and self._mark is not None
        control.should_log = control.should_log or (bool(self.validated) and bool(args.report_to))
        control.should_training_stop = control.should_training_stop or self._course.over

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        with self._course.saving():
            save_state(folder / FILE, self._course.tensors(), self._course.facts_as_dict(), self._mark or "")

    def resume(self, place: Path) -> str | None:
        """Restore the course from the newest whole checkpoint and return its folder; None if there is none."""
        folders = sorted(place.glob("checkpoint-*"), key=lambda p: int(p.name.rpartition("-")[2]), reverse=True)
        for folder in folders:
            found = load_state(folder / FILE, self._mark or "")
            if found is not None:
                self._course.restore(*found)
                return str(folder)
        return None


__all__ = ["KEPT", "quiet_transformers", "train_with_trainer"]

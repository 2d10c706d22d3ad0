"""What a pretraining is asked to do, and the checkpoint that a killed one goes on from."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from valence.training.checkpoint import load_state, random_state, save_state, set_random_state
from valence.training.course import CHECKPOINT_SECONDS


class Objective(Protocol):
    """What a network is pretrained to do."""

    steps: int

    @property
    def network(self) -> nn.Module:
        """What is trained."""

    def loss(self, step: int) -> Tensor:
        """Return the loss of a step, a scalar; steps are taken in order."""

    def tensors(self) -> dict[str, Tensor]:
        """Return what is carried from step to step beside the network."""

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` returned."""


class PretrainingState:
    """The checkpoint of one pretraining; without a path nothing is kept."""

    def __init__(self, objective: Objective, optimizer: torch.optim.Optimizer, device: torch.device, path: Path | None, mark: str) -> None:
        self._objective = objective
        self._optimizer = optimizer
        self._device = device
        self._path = path
        self._mark = mark
        self._saved_at = time.monotonic()

    def keep_when_due(self, step: int) -> None:
        """Write a checkpoint if the last one is old."""
        if self._path is not None and time.monotonic() - self._saved_at > CHECKPOINT_SECONDS:
            self.keep(step)
            self._saved_at = time.monotonic()

    def keep(self, step: int) -> None:
        """Write network, optimiser, random state and what the objective carries as one file."""
        if self._path is None:
            return
        tensors = {f"network.{k}": v for k, v in self._objective.network.state_dict().items()}
        tensors |= {f"objective.{k}": v for k, v in self._objective.tensors().items()} | random_state(self._device)
        for index, values in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{k}": v for k, v in values.items()}
        save_state(self._path, tensors, {"step": step}, self._mark)

    def resume(self) -> int:
        """Read back what `keep` wrote; returns the steps done, 0 if there is nothing."""
        found = load_state(self._path, self._mark) if self._path is not None else None
        if found is None:
            return 0
        tensors, facts = found
        self._objective.network.load_state_dict(_under(tensors, "network."))
        self._objective.restore(_under(tensors, "objective."))
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(tensors, "optimizer.").items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = tensor
        whole: dict[str, Any] = {**self._optimizer.state_dict(), "state": state}
        self._optimizer.load_state_dict(whole)
        set_random_state(tensors, self._device)
        return int(facts["step"])


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


__all__ = ["Objective", "PretrainingState"]

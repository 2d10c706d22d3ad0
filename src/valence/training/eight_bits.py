"""AdamW whose two moments are held in eight bits, by the library bitsandbytes (Dettmers et al., 2022, arXiv:2110.02861)."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
from typing import Any

import torch

from valence.errors import BadSetting, MissingPackage

ON_CPU = (0, 50)
"""The first version of bitsandbytes whose optimisers also run on a CPU (its pull request 1901)."""


def check_eight_bits(device: torch.device) -> None:
    """Refuse eight bits where they cannot be, before any weights are fetched.

    Raises:
        MissingPackage: bitsandbytes is not installed.
        BadSetting: it is, and has no such optimiser for this device.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingPackage("bitsandbytes", "qlora", "--optimizer adamw_8bit")
    found = importlib.metadata.version("bitsandbytes")
    if device.type == "cuda" or (device.type == "cpu" and tuple(map(int, found.split(".")[:2])) >= ON_CPU):
        return
    needs = f"needs bitsandbytes {'.'.join(map(str, ON_CPU))} on a CPU" if device.type == "cpu" else "runs on CUDA or a CPU"
    raise BadSetting(f"optimizer adamw_8bit {needs}; this run is on {device}, with bitsandbytes {found}. Set --optimizer adamw.")


def eight_bit_adamw(groups: list[dict[str, Any]], rate: float) -> torch.optim.Optimizer:
    """Return bitsandbytes' AdamW8bit over parameter groups; tensors of fewer than 4,096 numbers keep moments of 32 bits."""
    made: torch.optim.Optimizer = _flat_class()(groups, lr=rate)
    return made


@functools.cache
def _flat_class() -> Any:  # noqa: ANN401 - bitsandbytes has no types, and importing it costs seconds
    parent: Any = importlib.import_module("bitsandbytes.optim").AdamW8bit

    class FlatAdamW8bit(parent):  # type: ignore[misc]
        """States all are tensors by name, as a safetensors checkpoint keeps them; the parent's lie in a further dict, for FSDP."""

        def state_dict(self) -> dict[str, Any]:
            whole = torch.optim.Optimizer.state_dict(self)
            states = {index: {**state, "step": torch.tensor(state["step"])} for index, state in whole["state"].items()}
            return {**whole, "state": states}

        def load_state_dict(self, state_dict: dict[str, Any], move_to_device: bool = True) -> None:
            states = {index: {**state, "step": int(state["step"])} for index, state in state_dict["state"].items()}
            super().load_state_dict({**state_dict, "state": states}, move_to_device)

    return FlatAdamW8bit


__all__ = ["check_eight_bits", "eight_bit_adamw"]

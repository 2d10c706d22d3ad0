"""The state of a training in one safetensors file, written beside and renamed: it is whole or absent."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor


def fingerprint(*parts: object) -> str:
    """Return 16 hex digits of whatever must be equal for a training to be resumed; arrays count by their bytes."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part.tobytes() if hasattr(part, "tobytes") else json.dumps(part, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def save_state(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any], mark: str) -> None:
    """Write tensors and plain facts, marked by the fingerprint of the training they belong to."""
    beside = path.with_suffix(".new")
    # a tensor named twice (an average that is also the best) would be refused
    own = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    save_file(own, beside, metadata={"facts": json.dumps(facts), "mark": mark})
    beside.replace(path)


def load_state(path: Path, mark: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Read what `save_state` wrote; None if there is nothing, it is damaged, or it belongs to another training."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("mark") != mark:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["facts"])  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Return the states of the generators that dropout draws from."""
    states = {"random.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["random.device"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["random.device"] = torch.mps.get_rng_state()
    return states


def set_random_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Put back what `random_state` returned."""
    torch.set_rng_state(states["random.cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["random.device"], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(states["random.device"])


__all__ = ["fingerprint", "load_state", "random_state", "save_state", "set_random_state"]

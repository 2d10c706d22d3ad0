"""Where tensors live: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`."""

from __future__ import annotations

import torch

from valence.errors import BadSetting


def known_devices() -> tuple[str, ...]:
    """Return the names of the devices this machine has, the fastest kind first."""
    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return (*cuda, *mps, "cpu")


def resolve_device(name: str) -> torch.device:
    """Turn a name into a device that is there; `auto` takes the first CUDA device, else MPS, else the CPU.

    Raises:
        BadSetting: no such device, here or anywhere; the message lists those that are here.
    """
    known = known_devices()
    chosen = {"auto": known[0], "cuda": "cuda:0"}.get(name, name)
    if chosen not in known:
        raise BadSetting(f"No device {name!r} on this machine. It has: {', '.join(known)}; `auto` takes {known[0]}.")
    return torch.device(chosen)


def use_bfloat16(precision: str, device: torch.device) -> bool:
    """Tell whether to train in bfloat16: `auto` does where the hardware has it (CUDA from Ampere on, CPUs with AVX512-BF16 or AMX).

    Raises:
        BadSetting: `bfloat16` was asked for on a GPU that has none.
    """
    has_it = _cpu_has_bfloat16() if device.type == "cpu" else False
    if device.type == "cuda":
        has_it = torch.cuda.get_device_capability(device) >= (8, 0)
    if precision == "bfloat16" and device.type == "cuda" and not has_it:
        raise BadSetting(f"{torch.cuda.get_device_name(device)} has no bfloat16. Set --precision float32.")
    return has_it if precision == "auto" else precision == "bfloat16"


def _cpu_has_bfloat16() -> bool:
    # torch tells this by names that start with an underscore only; without them training stays in float32
    asked = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(ask is not None and ask() for ask in asked)


__all__ = ["known_devices", "resolve_device", "use_bfloat16"]

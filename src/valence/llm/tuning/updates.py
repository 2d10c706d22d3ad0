"""Low-rank updates in a language model, by the library peft (Hu et al., 2021, arXiv:2106.09685)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from valence.errors import MissingPackage

Projections = Literal["all", "attention"]


@dataclass(frozen=True, slots=True)
class Updates:
    """The shape of the updates."""

    rank: int
    alpha: int
    """The update is scaled by alpha / rank."""
    dropout: float
    """Share of the update's input that is hidden in training."""
    projections: Projections
    """Which linear layers of the body get one."""


def add_updates(model: Any, updates: Updates) -> None:  # noqa: ANN401 - transformers' classes are untyped
    """Freeze a causal language model and put float32 updates beside its body's projections, in place; they start at zero.

    Raises:
        MissingPackage: peft is not installed.
    """
    try:
        import peft
    except ImportError as error:
        raise MissingPackage("peft", "torch", "instruction tuning") from error
    names = projection_names(model, updates.projections)
    shape: dict[str, Any] = {"r": updates.rank, "lora_alpha": updates.alpha, "lora_dropout": updates.dropout}
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    peft.inject_adapter_in_model(peft.LoraConfig(target_modules=names, **shape), model)
    for parameter in model.parameters():
        if parameter.requires_grad:  # small steps would be lost in bfloat16
            parameter.data = parameter.data.float()
    for module in model.modules():
        if isinstance(module, peft.tuners.lora.LoraLayer) and model.dtype == torch.bfloat16:
            module.cast_input_dtype_enabled = False  # autocast casts the updates instead, which are far smaller than their input


def projection_names(model: Any, projections: Projections) -> list[str]:  # noqa: ANN401
    """Return the full names of the linear layers of the body: all, or those of its attention; never the one over the vocabulary."""
    body = model.get_decoder()
    root = next(name for name, module in model.named_modules() if module is body)
    names = [f"{root}.{name}" for name, module in body.named_modules() if isinstance(module, nn.Linear)]
    return names if projections == "all" else [name for name in names if ".self_attn." in name]


__all__ = ["Projections", "Updates", "add_updates", "projection_names"]

"""The engine `unsloth`: that package's layers and fused low-rank updates, under our prompts, our batches, our loss and our files.

Han and Han, 2023, github.com/unslothai/unsloth, as its release 2026.10.9 behaves: in training its models drop the mask of a padded
batch and are causal, so what stands behind a prompt is never read; the body called by itself is causal too; its fused products serve
16-bit and four-bit weights under float32 updates whose names are peft's own. It has such layers for `FAMILIES` alone: other
architectures it compiles from transformers' source, under other names, and they are refused.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
from typing import TYPE_CHECKING, Any

import torch

from valence.errors import BadSetting
from valence.llm.local import RANDOM
from valence.training.trainer import quiet_transformers
from valence.training.unsloth import check_unsloth, import_unsloth

if TYPE_CHECKING:
    from valence.llm.tuning.settings import Tuning
    from valence.llm.tuning.weights import Weights

FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
PROJECTIONS = {"attention": ("q_proj", "k_proj", "v_proj", "o_proj"), "all": ("gate_proj", "up_proj", "down_proj")}
"""What each setting of `projections` adds, by the names that the fused products are known under."""


def check_fused(weights: Weights, device: torch.device, room: int) -> None:
    """Refuse what unsloth cannot tune, before any weights are fetched.

    Args:
        weights: of which only the configuration is read.
        device: where the run is to compute.
        room: tokens of the longest prompt with its answer.

    Raises:
        MissingPackage: unsloth is not installed.
        BadSetting: no GPU; weights made on the spot; an architecture of which it has no layers; a window shorter than a prompt.
    """
    check_unsloth("packed")
    if device.type != "cuda":
        raise BadSetting(f"engine unsloth computes on a GPU, this run is on {device}. Use --device cuda, or --engine packed.")
    if weights.name == RANDOM:
        raise BadSetting(f"engine unsloth reads weights from a folder or the hub; backbone {RANDOM!r} is neither. Use --engine packed.")
    config = weights.config()
    if config.model_type not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise BadSetting(f"engine unsloth has layers of its own for {known}; {weights.name} is a {config.model_type}. Use --engine packed.")
    window = getattr(config, "sliding_window", None)
    if config.model_type == "mistral" and window and window < room:
        # the mask of the window is made by a part of its model that is passed by
        raise BadSetting(f"engine unsloth: a prompt may take {room} tokens, {weights.name} looks back over {window}. Use --engine packed.")


def fused_model(settings: Tuning, weights: Weights, kind: torch.dtype, device: torch.device, room: int, seed: int) -> Any:  # noqa: ANN401
    """Return transformers' causal language model with unsloth's layers in it and fused float32 updates, the rest frozen.

    Args:
        settings: bits, shape of the updates, whether layers are computed again in the backward pass.
        weights: what to load; the hub's own, never a copy that unsloth keeps of it.
        kind: number format of the weights, or, of 4 bits, of the arithmetic.
        device: where it is to be.
        room: tokens of the longest prompt with its answer: it cuts what is longer.
        seed: of the updates' start.
    """
    language = import_unsloth().FastLanguageModel
    again = "unsloth" if settings.gradient_checkpointing else False
    loading = {"max_seq_length": room, "dtype": kind, "load_in_4bit": settings.bits == 4, "load_in_16bit": settings.bits == 16}
    loading |= {"device_map": {"": str(device)}, "use_gradient_checkpointing": again, "use_exact_model_name": True}
    loading |= {"fix_tokenizer": False, "offload_embedding": False}
    wanted = settings.updates
    names = [*PROJECTIONS["attention"], *(PROJECTIONS["all"] if wanted.projections == "all" else ())]
    with quiet_transformers(), contextlib.redirect_stdout(io.StringIO()):
        model, _ = weights.read(language.from_pretrained, **loading)
        tuned = language.get_peft_model(
            model,
            r=wanted.rank,
            lora_alpha=wanted.alpha,
            lora_dropout=wanted.dropout,
            target_modules=names,
            bias="none",
            use_gradient_checkpointing=again,
            random_state=seed,
        )
    return tuned.base_model.model


def forget_fused(family: str) -> None:
    """Give transformers' modules of that family back, and the memory of the model that was built of others; nothing may hold it."""
    gc.collect()
    torch.cuda.empty_cache()
    importlib.import_module("unsloth.models.llama").restore_transformers_family((family,))


__all__ = ["FAMILIES", "check_fused", "forget_fused", "fused_model"]

"""Weights that lie here as a .gguf, quantised for llama.cpp: dequantised once into a folder of bfloat16 safetensors for transformers."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import uuid
from pathlib import Path
from typing import Any

from valence.errors import BadSetting, MissingPackage
from valence.llm import places
from valence.llm.cache import cache_folder

FORM = 1
"""Raised when a conversion changes: folders of an earlier one are not read."""


def dequantised(path: Path) -> Path:
    """Return the folder with a .gguf's weights, settings and tokenizer; made the first time, in the cache folder.

    Raises:
        BadSetting: transformers or we cannot read it.
        MissingPackage: gguf is not installed.
    """
    mark = places.digest(path).replace(":", "")[:16]
    folder = cache_folder() / "dequantised" / f"{path.stem}-{mark}-{FORM}"
    if folder.is_dir():
        return folder
    beside = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}.part")
    beside.mkdir(parents=True)
    try:
        convert(path, beside)
        with contextlib.suppress(OSError):  # another process was faster
            beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def convert(path: Path, out: Path) -> None:
    """Write `config.json`, `model.safetensors` in bfloat16, the tokenizer and its chat template into an existing folder.

    Raises:
        BadSetting: the architecture or the tokenizer is not known.
        MissingPackage: gguf is not installed.
    """
    import torch
    from transformers import AutoModelForCausalLM

    from valence.llm.tuning.gguf_words import tokenizer_of
    from valence.training.trainer import quiet_transformers

    tokenizer = tokenizer_of(_fields(path))
    with quiet_transformers(), contextlib.redirect_stderr(io.StringIO()):  # a bar of its own, whatever was asked
        try:
            model: Any = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.bfloat16)
        except (ValueError, KeyError, OSError, NotImplementedError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise BadSetting(
                f"{path} cannot be dequantised by transformers: {reason}. Give the folder of the safetensors instead."
            ) from None
        model.hf_quantizer = None  # nothing in it is quantised any more, and what is will not be saved
        model.config = type(model.config).from_dict({k: v for k, v in model.config.to_dict().items() if k != "quantization_config"})
        model.generation_config.eos_token_id = tokenizer.eos_token_id
        model.generation_config.pad_token_id = tokenizer.pad_token_id
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)


def quantisation(path: Path) -> str:
    """Return how a .gguf's weights are written, by its name, `q4_k_m` say; `gguf` where the name does not tell."""
    found = re.search(r"(i?q\d\w*|bf16|f16|f32)$", path.stem, re.IGNORECASE)
    return found[1].lower() if found else "gguf"


def _fields(path: Path) -> dict[str, Any]:
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise MissingPackage("gguf", "qlora", f"Reading {path.name}") from error
    try:
        fields = GGUFReader(path).fields
    except (OSError, ValueError) as error:
        raise BadSetting(f"{path} cannot be read as a .gguf: {error}.") from None
    return {name: field.contents() for name, field in fields.items() if name.startswith("tokenizer.")}


__all__ = ["convert", "dequantised", "quantisation"]

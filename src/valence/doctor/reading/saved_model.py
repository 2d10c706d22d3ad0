"""A folder of transformers or PEFT: names and shapes of its tensors, its configurations; no model is built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valence.doctor.parts import SavedModel
from valence.doctor.subject import Absent

CONFIGS = ("config.json", "adapter_config.json")


def looks_like_a_model(folder: Path) -> bool:
    """Tell whether a folder holds what `save_pretrained` writes."""
    return any((folder / name).is_file() for name in CONFIGS)


def read_saved_model(folder: Path) -> SavedModel:
    """Read configurations and the headers of the safetensors files.

    Raises:
        Absent: there are no safetensors; pickled weights are not opened.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise Absent(f"{folder.name} holds no safetensors (weights in pickle are not opened)")
    places = {name: file for file in files for name in _header(file)}
    shapes = {name: shape for file in files for name, shape in _header(file).items()}
    return SavedModel(
        folder,
        _json(folder / "config.json"),
        _json(folder / "adapter_config.json"),
        shapes,
        partial(_tensor, places),
        _json(folder / "tokenizer_config.json"),
        _json(folder / "generation_config.json"),
    )


def _header(file: Path) -> dict[str, tuple[int, ...]]:
    """Read the header of a safetensors file: eight bytes with its length, then JSON."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        found = json.loads(stream.read(length))
    return {name: tuple(about["shape"]) for name, about in found.items() if name != "__metadata__"}


def _tensor(places: Mapping[str, Path], name: str) -> NDArray[np.float64]:
    """Return one tensor in float64; bfloat16, which NumPy lacks, is the upper half of a float32."""
    with places[name].open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        about = json.loads(stream.read(length))[name]
        first, last = about["data_offsets"]
        stream.seek(8 + length + first)
        raw = stream.read(last - first)
    if about["dtype"] == "BF16":
        wide = np.frombuffer(raw, dtype="<u2").astype(np.uint32) << 16
        return wide.view(np.float32).astype(np.float64).reshape(about["shape"])
    kind = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}.get(about["dtype"])
    if kind is None:
        raise Absent(f"tensor {name} is stored as {about['dtype']}")
    return np.frombuffer(raw, dtype=kind).astype(np.float64).reshape(about["shape"])


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


__all__ = ["looks_like_a_model", "read_saved_model"]

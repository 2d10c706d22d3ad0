"""The package unsloth, where a method names it as its engine: it loads a model with its own faster modules.

Han and Han, 2023, github.com/unslothai/unsloth. It needs a GPU; importing it changes classes of transformers in the whole process, so it
is imported when a run asks for it and never else.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import tempfile
from typing import Any

import torch

from valence.errors import BadSetting, MissingPackage


def check_unsloth(others: str = "packed or trainer") -> None:
    """Say what is missing before any weights are fetched.

    Args:
        others: the engines that need no GPU, for the message.

    Raises:
        MissingPackage: unsloth is not installed.
        BadSetting: there is no GPU that it runs on.
    """
    if importlib.util.find_spec("unsloth") is None:
        raise MissingPackage("unsloth", "unsloth", "--engine unsloth (which also needs an NVIDIA, AMD or Intel GPU)")
    if not (torch.cuda.is_available() or (hasattr(torch, "xpu") and torch.xpu.is_available())):
        raise BadSetting(f"engine 'unsloth' needs an NVIDIA, AMD or Intel GPU, and none was found. Use --engine {others}.")


def import_unsloth() -> Any:  # noqa: ANN401 - it has no types
    """Import the package: its banner unprinted, its count of users not told, its generated modules in a folder of this process alone."""
    os.environ.setdefault("UNSLOTH_DISABLE_STATISTICS", "1")
    if "UNSLOTH_COMPILE_LOCATION" not in os.environ:  # it would write into the working folder
        os.environ["UNSLOTH_COMPILE_LOCATION"] = tempfile.mkdtemp(prefix="valence-unsloth-")
    with contextlib.redirect_stdout(io.StringIO()):
        return importlib.import_module("unsloth")


def load_by_unsloth(kind: Any, place: str, **settings: Any) -> Any:  # noqa: ANN401 - the classes of transformers are untyped
    """Return what `kind.from_pretrained(place, ...)` would, with unsloth's modules in it; its weights keep their names and are float32.

    Args:
        kind: an Auto class of transformers.
        place: a folder or a name on the hub.
        settings: go on to unsloth's `FastModel.from_pretrained`.

    What is missing is said by `check_unsloth`, before this.
    """
    model, _ = import_unsloth().FastModel.from_pretrained(
        model_name=place,
        auto_model=kind,
        dtype=torch.float32,
        load_in_4bit=False,
        full_finetuning=True,  # what is trained is the method's choice, made after this
        use_gradient_checkpointing=False,
        trust_remote_code=False,
        **settings,
    )
    return model


__all__ = ["check_unsloth", "import_unsloth", "load_by_unsloth"]

"""Tiny language models of six architectures, with random weights and one tokenizer, saved as folders that transformers loads."""

import functools
import tempfile
from pathlib import Path

import numpy as np
import pytest

from valence.types import Split

from conftest import sentences  # isort: skip
from tiny_language_models import save_language_model  # isort: skip

MIXED = {"head_dim": 8, "sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]}
ARCHITECTURES = {
    "mistral": {"sliding_window": 16},
    "qwen3": {"head_dim": 8},
    "llama": {},
    "gemma3_text": MIXED,
    "phi3": {"sliding_window": None},
    "qwen2": {},
}
"""Mistral, Qwen3, Llama 3.2, Gemma 3, Phi-4-mini and Qwen2.5, windows shorter than the prompts where they have one."""


@functools.cache
def tiny_language_model(kind: str, chat: bool = False) -> Path:
    """Make a folder with weights, tokenizer and, if asked, a chat template."""
    folder = Path(tempfile.mkdtemp(prefix="valence-tests-")) / kind
    return save_language_model(folder, kind, chat=chat, **ARCHITECTURES[kind])


@pytest.fixture
def folder_of():
    """Return the folder of a tiny language model by its architecture."""
    return tiny_language_model


@pytest.fixture
def split():
    """Make n labelled sentences of our own."""

    def make(n: int, seed: int = 0) -> Split:
        texts, labels = sentences(n, seed)
        return Split(tuple(f"{seed}-{i}" for i in range(n)), tuple(texts), np.array(labels, np.int64))

    return make


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Digests of weights are remembered for the test alone."""
    monkeypatch.setenv("VALENCE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def float32(monkeypatch):
    """Train in float32 on every machine: some CPUs have bfloat16."""
    monkeypatch.setattr("valence.training.device._cpu_has_bfloat16", lambda: False)

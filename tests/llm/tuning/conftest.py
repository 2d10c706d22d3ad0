"""Tiny language models of six architectures, with random weights and one tokenizer, saved as folders that transformers loads."""

import functools
import tempfile
from pathlib import Path

import numpy as np
import pytest

from valence.llm.random_llama import byte_tokenizer
from valence.types import Split

from conftest import sentences  # isort: skip

CHAT = "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>\n{% endfor %}{% if add_generation_prompt %}<s>assistant\n{% endif %}"
"""Ends a message with the tokenizer's `</s>`."""
SHAPE = {
    "vocab_size": 260,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "pad_token_id": 257,
    "initializer_range": 0.2,
}
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
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from valence.training.trainer import quiet_transformers

    folder = Path(tempfile.mkdtemp(prefix="valence-tests-")) / kind
    config = AutoConfig.for_model(kind, **SHAPE, **ARCHITECTURES[kind])
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = CHAT if chat else None
    tokenizer.save_pretrained(folder)
    return folder


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

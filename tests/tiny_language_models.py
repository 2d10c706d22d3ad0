"""Tiny causal language models of any architecture, with random weights and one tokenizer, saved as folders that transformers loads."""

from pathlib import Path

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


def save_language_model(folder: Path, kind: str = "llama", *, chat: bool = True, seed: int = 0, **own: object) -> Path:
    """Write weights, settings and a tokenizer of bytes into a folder; `own` is what the architecture's shape has beside `SHAPE`."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from valence.llm.random_llama import byte_tokenizer
    from valence.training.trainer import quiet_transformers

    config = AutoConfig.for_model(kind, **{**SHAPE, **own})
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(seed)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = CHAT if chat else None
    tokenizer.save_pretrained(folder)
    return folder

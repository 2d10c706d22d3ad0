"""A Llama of 20,000 random numbers with one token per byte: for tests, and to try everything but the answers without a download."""

from __future__ import annotations

from typing import Any

VOCABULARY = 260


def random_llama(seed: int = 0, width: int = 32, spread: float = 0.3) -> tuple[Any, Any]:
    """Make the model and its tokenizer; the same seed makes the same weights on every machine.

    Args:
        seed: of the weights.
        width: of a token's state.
        spread: standard deviation of the weights; a large one makes answers that differ from text to text.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=256,
        eos_token_id=257,
        pad_token_id=257,
    )
    with torch.random.fork_rng(devices=[]):
        model: Any = LlamaForCausalLM(config)  # type: ignore[no-untyped-call]
        draw = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, weights in model.named_parameters():
                if "norm" not in name:
                    weights.normal_(0.0, spread, generator=draw)
    return model, byte_tokenizer()


def byte_tokenizer() -> Any:  # noqa: ANN401
    """Return a tokenizer of 256 bytes, a beginning and an end."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 256)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")  # type: ignore[no-untyped-call]

"""Greedy answers in free words, many prompts at a time; what all begin with is read once."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from valence.llm.label_scores import Row, Tokens, batches, common_beginning


def continuations(model: Any, rows: Sequence[Row], room: int, pad: int, batch_tokens: int) -> Iterator[tuple[int, list[int]]]:  # noqa: ANN401
    """Yield each row's position and the tokens with which the model goes on, until it ends its answer or there is no `room`.

    Args:
        model: of transformers, with an attention that reads masks.
        rows: prompts; their labels are not looked at.
        room: tokens of an answer.
        pad: a token that may stand where nothing is read.
        batch_tokens: tokens that are read at a time, those that all begin with counted for each.
    """
    shared = common_beginning(rows)
    cache = _beginning(model, shared) if shared else None
    for batch in batches(rows, max(batch_tokens, 1)):
        prompts = [rows[i].prompt for i in batch]
        yield from zip(batch, _continued(model, prompts, room, pad, len(shared) if cache is not None else 0, cache), strict=True)


@torch.inference_mode()
def _beginning(model: Any, tokens: Tokens) -> Any:  # noqa: ANN401
    """Return the keys and values of what all prompts begin with; None where a window slides: it counts the padding behind them too."""
    cache = model(input_ids=torch.tensor([tokens], device=model.device), use_cache=True, logits_to_keep=1).past_key_values
    return None if any(getattr(layer, "is_sliding", True) for layer in cache.layers) else cache


@torch.inference_mode()
def _continued(model: Any, prompts: list[Tokens], room: int, pad: int, shared: int, cache: Any) -> list[list[int]]:  # noqa: ANN401
    """Continue each prompt; padded behind what all share, as `generate` wants it, with a mask from which it counts positions."""
    from transformers import GenerationConfig

    longest = max(map(len, prompts))
    ids = torch.tensor([[*p[:shared], *[pad] * (longest - len(p)), *p[shared:]] for p in prompts], device=model.device)
    mask = torch.tensor([[1] * shared + [0] * (longest - len(p)) + [1] * (len(p) - shared) for p in prompts], device=model.device)
    own = model.generation_config
    plan: Any = GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=room, do_sample=False, pad_token_id=pad, eos_token_id=own.eos_token_id, bos_token_id=own.bos_token_id
    )
    past = {}
    if cache is not None:
        past["past_key_values"] = copy.deepcopy(cache)  # the model appends to the one it is given
        past["past_key_values"].batch_repeat_interleave(len(prompts))
    found: list[list[int]] = model.generate(input_ids=ids, attention_mask=mask, generation_config=plan, **past)[:, longest:].tolist()
    return found


__all__ = ["continuations"]

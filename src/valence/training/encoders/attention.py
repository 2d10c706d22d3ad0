"""Attention of every text to itself in a packed row, with learned keys and values before it where there are any."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from valence.training.encoders.layout import Layout, Part

NAME = "valence_packed"
"""The name under which transformers' own attention modules find `packed_attention`."""


class Memory(NamedTuple):
    """Learned keys and values that every token of every text attends to in one layer."""

    keys: Tensor
    """(places, heads, size)"""
    values: Tensor
    """(places, heads, size)"""


class Bias(Protocol):
    """What is added to the scores; two ways to say the same."""

    flexible: ClassVar[bool]
    """Whether `term` is the faster one on a GPU, training included."""

    def rectangle(self, queries: Tensor, keys: Tensor, part: Part) -> Tensor:
        """Return (texts or 1, heads, time, time) from a part's padded (texts, heads, time, size) queries and keys.

        It is minus infinity at the keys behind a text (`hide_behind`).
        """

    def term(self, query: Tensor, key: Tensor, order: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return a function of (head, query's token, key's token), all scalars, over (heads, tokens, size) rows.

        `order` holds each token's place in its text.
        """


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    layout: Layout,
    *,
    scale: float,
    memory: Memory | None = None,
    bias: Bias | None = None,
    window: int | None = None,
) -> Tensor:
    """Return (tokens, heads, size), softmax(scale * query key + bias) value within each text.

    Attention weights are never dropped out: the variable-length kernels have no dropout, and all devices are to train alike.

    Args:
        query: (tokens, heads, size), as are `key` and `value`.
        key: see `query`.
        value: see `query`.
        layout: which tokens make a text.
        scale: factor of the products.
        memory: keys and values before those of the text; no bias and no window applies to them.
        bias: added to the scores.
        window: tokens further apart than this do not see each other.
    """
    if _has_kernel(query) and bias is None and (window is None or memory is None):
        return _by_kernel(query, key, value, layout, scale, memory, window)
    if _has_kernel(query) and bias is not None and bias.flexible and memory is None and window is None:
        return by_terms(query, key, value, layout, scale, bias)
    out = [_rectangle(query[p.tokens], key[p.tokens], value[p.tokens], p, scale, memory, bias, window) for p in layout.parts]
    return out[0] if len(out) == 1 else torch.cat(out)


def _rectangle(
    query: Tensor, key: Tensor, value: Tensor, part: Part, scale: float, memory: Memory | None, bias: Bias | None, window: int | None
) -> Tensor:
    q, k, v = part.pad(query), part.pad(key), part.pad(value)
    mask = _mask(part, window) if bias is None else bias.rectangle(q, k, part)
    if memory is not None:
        k, v = (torch.cat([_spread(m, own), own], dim=2) for m, own in zip(memory, (k, v), strict=True))
        if mask is not None:
            # every place of the memory is seen, at no bias
            mask = F.pad(mask, (len(memory.keys), 0), value=True if mask.dtype == torch.bool else 0.0)
    mask = mask.to(q.dtype) if mask is not None and mask.dtype != torch.bool else mask
    return part.unpad(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale))


def _spread(memory: Tensor, own: Tensor) -> Tensor:
    return memory.to(own.dtype).transpose(0, 1).expand(len(own), -1, -1, -1)


def hide_behind(scores: Tensor, part: Part) -> Tensor:
    """Return the scores, (texts or 1, heads, time, time), with minus infinity at the keys behind each text."""
    return scores if part.inside is None else scores.masked_fill(~part.inside[:, None, None, :], float("-inf"))


def _mask(part: Part, window: int | None) -> Tensor | None:
    mask = part.inside[:, None, None, :] if part.inside is not None else None
    if window is None:
        return mask
    time = torch.arange(part.longest, device=part.place.device)
    near = ((time[:, None] - time).abs() <= window)[None, None]
    return near if mask is None else near & mask


def _has_kernel(query: Tensor) -> bool:
    return query.is_cuda and query.dtype in {torch.bfloat16, torch.float16} and torch.cuda.get_device_capability(query.device) >= (8, 0)


def _by_kernel(
    query: Tensor, key: Tensor, value: Tensor, layout: Layout, scale: float, memory: Memory | None, window: int | None
) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    places = 0 if memory is None else len(memory.keys)
    keys_at = layout.offsets
    if memory is not None:
        texts = len(layout.lengths)
        keys_at = layout.offsets + places * torch.arange(texts + 1, device=query.device, dtype=torch.int32)
        own = torch.repeat_interleave(torch.arange(1, texts + 1, device=query.device), layout.offsets.diff(), output_size=len(key))
        own = torch.arange(len(key), device=query.device) + places * own
        before = (keys_at[:-1, None] + torch.arange(places, device=query.device)).flatten().long()
        key = key.new_empty(len(key) + len(before), *key.shape[1:]).index_copy(0, own, key)
        value = value.new_empty(len(value) + len(before), *value.shape[1:]).index_copy(0, own, value)
        key = key.index_copy(0, before, memory.keys.to(key.dtype).repeat(texts, 1, 1))
        value = value.index_copy(0, before, memory.values.to(value.dtype).repeat(texts, 1, 1))
    reach = (-1, -1) if window is None else (window, window)
    longest = layout.longest
    ends = (layout.offsets, keys_at, longest, longest + places)
    found = varlen_attn(query, key, value, *ends, scale=scale, window_size=reach)
    assert isinstance(found, Tensor)  # a pair only where more is asked for
    return found


def by_terms(query: Tensor, key: Tensor, value: Tensor, layout: Layout, scale: float, bias: Bias) -> Tensor:
    """Do what `attend` does by flex attention (Dong et al., 2024, arXiv:2412.05496): no score is ever written out."""
    flex, mask = flex_of(layout)
    rows = [F.pad(x.transpose(0, 1), (0, 0, 0, mask.spare)) for x in (query, key, value)]
    term = bias.term(rows[0], rows[1], mask.order)

    def scored(score: Tensor, batch: Tensor, head: Tensor, at: Tensor, to: Tensor) -> Tensor:
        return score + term(head, at, to)

    out = flex(*(x[None] for x in rows), score_mod=scored, block_mask=mask.blocks, scale=scale)
    found: Tensor = out[0, :, : len(query)].transpose(0, 1)
    return found


class _FlexMask(NamedTuple):
    blocks: Any
    order: Tensor
    """(padded tokens,) place in the text"""
    spare: int
    """Tokens added behind, a text of their own."""


BLOCK = 128
"""Tokens of flex attention's blocks: the row is filled up to whole ones."""


@functools.cache
def _compiled_flex() -> tuple[Any, Any]:
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    return torch.compile(flex_attention, dynamic=True), torch.compile(create_block_mask, dynamic=True)


def flex_of(layout: Layout) -> tuple[Any, _FlexMask]:
    """Return the compiled kernel, and the layout's mask for it, made once for all layers."""
    flex, make = _compiled_flex()
    if layout.flex is None:
        tokens = int(layout.lengths.sum())
        spare = -tokens % BLOCK
        owner = torch.repeat_interleave(layout.offsets.diff(), output_size=tokens)
        owner = F.pad(owner, (0, spare), value=-1)

        def together(batch: Tensor, head: Tensor, at: Tensor, to: Tensor) -> Tensor:
            return owner[at] == owner[to]

        blocks = make(together, None, None, tokens + spare, tokens + spare, device=layout.device, BLOCK_SIZE=BLOCK)
        layout.flex = _FlexMask(blocks, F.pad(layout.order, (0, spare)), spare)
    return flex, layout.flex


@torch.compiler.disable  # type: ignore[untyped-decorator]
def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    layout: Layout | None = None,
    memory: Memory | None = None,
    sliding_window: int | None = None,
    **others: Any,  # noqa: ANN401 - whatever else transformers' modules pass on
) -> tuple[Tensor, Tensor | None]:
    """Stand in for the attention of transformers' modules; without a layout it is their own.

    Args:
        module: the attention module, as transformers passes it.
        query: (1, heads, tokens, size), as are `key` and `value`.
        key: see `query`.
        value: see `query`.
        attention_mask: only read without a layout.
        scaling: factor of the products, size ** -0.5 when not given.
        layout: which tokens make a text.
        memory: learned keys and values.
        sliding_window: transformers' window, one more than the distance that is still seen.
        others: dropout and flags of other kernels.
    """
    if layout is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, sliding_window=sliding_window, **others)
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    window = None if sliding_window is None else sliding_window - 1
    out = attend(q, k, v, layout, scale=scaling or query.shape[-1] ** -0.5, memory=memory, window=window)
    return out[None], None


AttentionInterface.register(NAME, packed_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)

__all__ = ["NAME", "Bias", "Memory", "attend", "hide_behind", "packed_attention"]

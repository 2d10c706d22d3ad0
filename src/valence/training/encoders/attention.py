"""Attention of every text to itself in a packed row, with learned keys and values before it where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from valence.training.encoders.kernels import relative
from valence.training.encoders.layout import Ends, Layout, Part

NAME = "valence_packed"
"""The name under which transformers' own attention modules find `packed_attention`."""


class Memory(NamedTuple):
    """Learned keys and values that every token of every text attends to in one layer."""

    keys: Tensor
    """(places, heads, size)"""
    values: Tensor
    """(places, heads, size)"""


class Terms(NamedTuple):
    """What is added to the scores by distance, as `relative_attention` reads it."""

    table: Tensor | None = None
    """(heads, width)"""
    as_keys: Tensor | None = None
    """(width, heads, size)"""
    as_queries: Tensor | None = None
    """(width, heads, size)"""


class Bias(Protocol):
    """What is added to the scores; two ways to say the same."""

    @property
    def terms(self) -> Terms:
        """By distance, for the kernel."""

    def rectangle(self, queries: Tensor, keys: Tensor, part: Part) -> Tensor:
        """Return (texts or 1, heads, time, time) from a part's padded (texts, heads, time, size) queries and keys.

        It is minus infinity at the keys behind a text (`hide_behind`).
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
    if _is_half(query.dtype) and has_varlen(query.device) and memory is None and (bias is None or window is None):
        if bias is None:
            return by_ends(query, key, value, layout.ends, scale, window)
        if has_programs(query.device, query.shape[-1]):
            return by_ends(query, key, value, layout.ends, scale, terms=bias.terms)
    if _is_half(query.dtype) and has_varlen(query.device) and memory is not None and bias is None and window is None:
        return _behind_memory(query, key, value, layout, scale, memory)
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


def _is_half(dtype: torch.dtype) -> bool:
    return dtype in {torch.bfloat16, torch.float16}


def has_varlen(device: torch.device) -> bool:
    """Return whether the device has kernels over packed rows, without scores by distance."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def half_of(hidden: Tensor) -> torch.dtype | None:
    """Return the 16-bit type in which a kernel over packed rows reads these hidden states; None where it is another path's turn."""
    if not has_varlen(hidden.device):
        return None
    dtype = torch.get_autocast_dtype("cuda") if torch.is_autocast_enabled("cuda") else hidden.dtype
    return dtype if _is_half(dtype) else None


def has_programs(device: torch.device, size: int) -> bool:
    """Return whether scores by distance, of heads of `size` numbers, have a kernel on this device."""
    return has_varlen(device) and relative.is_available() and relative.fits(size)


def by_ends(
    query: Tensor, key: Tensor, value: Tensor, ends: Ends, scale: float, window: int | None = None, terms: Terms | None = None
) -> Tensor:
    """Do what `attend` does by one kernel, without padding, and without a break where layers are compiled.

    Args:
        query: (tokens, heads, size) in 16 bits on a GPU, as are `key` and `value`.
        key: see `query`.
        value: see `query`.
        ends: which tokens make a text.
        scale: factor of the products.
        window: tokens further apart than this do not see each other; not together with `terms`.
        terms: scores by distance.
    """
    if terms is not None:
        return relative.relative_attention(torch.stack([query, key, value], dim=1), *ends, scale, *terms)
    from torch.nn.attention.varlen import varlen_attn

    reach = (-1, -1) if window is None else (window, window)
    found = varlen_attn(query, key, value, ends.offsets, ends.offsets, ends.longest, ends.longest, scale=scale, window_size=reach)
    assert isinstance(found, Tensor)  # a pair only where more is asked for
    return found


def jointly(joint: Tensor, ends: Ends, scale: float, terms: Terms | None = None, *, ours: bool = True) -> Tensor:
    """Do what `by_ends` does for (tokens, 3, heads, size) queries, keys and values of one projection.

    Our own kernel also does what has no scores by distance, as fast: it reads and writes a joint projection without a copy.

    Args:
        joint: in 16 bits on a GPU.
        ends: which tokens make a text.
        scale: factor of the products.
        terms: scores by distance.
        ours: whether there is a kernel of our own (`has_programs`), which compiled layers cannot ask.
    """
    if ours:
        return relative.relative_attention(joint, *ends, scale, *(terms or ()))
    query, key, value = joint.unbind(1)
    return by_ends(query, key, value, ends, scale, terms=terms)


def projected(parts: Sequence[nn.Module], hidden: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return (tokens, heads, size) queries, keys and values of (tokens, width) hidden states."""
    query, key, value = (part(hidden).unflatten(-1, (heads, -1)) for part in parts)
    return query, key, value


def projected_jointly(parts: Sequence[nn.Module], hidden: Tensor, heads: int) -> Tensor:
    """Return (tokens, 3, heads, size): the same by one product, where no adapter stands in the place of a projection."""
    plain = [p for p in parts if type(p) is nn.Linear and p.bias is not None]
    if len(plain) < len(parts):
        return torch.stack([part(hidden) for part in parts], dim=1).view(len(hidden), len(parts), heads, -1)
    weight, bias = torch.cat([p.weight for p in plain]), torch.cat([p.bias for p in plain])
    return F.linear(hidden, weight, bias).view(len(hidden), len(plain), heads, -1)


def _behind_memory(query: Tensor, key: Tensor, value: Tensor, layout: Layout, scale: float, memory: Memory) -> Tensor:
    """Put the memory before each text's own keys and values, which makes a row of more keys than queries."""
    from torch.nn.attention.varlen import varlen_attn

    texts, places = len(layout.lengths), len(memory.keys)
    keys_at = layout.offsets + places * torch.arange(texts + 1, device=query.device, dtype=torch.int32)
    own = torch.repeat_interleave(torch.arange(1, texts + 1, device=query.device), layout.offsets.diff(), output_size=len(key))
    own = torch.arange(len(key), device=query.device) + places * own
    before = (keys_at[:-1, None] + torch.arange(places, device=query.device)).flatten().long()

    def together(learned: Tensor, given: Tensor) -> Tensor:
        row = given.new_empty(len(given) + len(before), *given.shape[1:]).index_copy(0, own, given)
        return row.index_copy(0, before, learned.to(given.dtype).repeat(texts, 1, 1))

    key, value = together(memory.keys, key), together(memory.values, value)
    found = varlen_attn(query, key, value, layout.offsets, keys_at, layout.longest, layout.longest + places, scale=scale)
    assert isinstance(found, Tensor)  # a pair only where more is asked for
    return found


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    layout: Layout | None = None,
    ends: Ends | None = None,
    memory: Memory | None = None,
    sliding_window: int | None = None,
    **others: Any,  # noqa: ANN401 - whatever else transformers' modules pass on
) -> tuple[Tensor, Tensor | None]:
    """Stand in for the attention of transformers' modules; without a layout or ends it is their own.

    Args:
        module: the attention module, as transformers passes it.
        query: (1, heads, tokens, size), as are `key` and `value`.
        key: see `query`.
        value: see `query`.
        attention_mask: only read without a layout.
        scaling: factor of the products, size ** -0.5 when not given.
        layout: which tokens make a text.
        ends: the same for one kernel, which may stand in a compiled layer.
        memory: learned keys and values; only with a layout.
        sliding_window: transformers' window, one more than the distance that is still seen.
        others: dropout and flags of other kernels.
    """
    if layout is None and ends is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, sliding_window=sliding_window, **others)
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    window = None if sliding_window is None else sliding_window - 1
    scale = scaling or query.shape[-1] ** -0.5
    if ends is not None:
        return by_ends(q, k, v, ends, scale, window)[None], None
    assert layout is not None
    return _uncompiled(q, k, v, layout, scale=scale, memory=memory, window=window)[None], None


_uncompiled = torch.compiler.disable(attend)  # type: ignore[no-untyped-call]

AttentionInterface.register(NAME, packed_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)

__all__ = [
    "NAME",
    "Bias",
    "Memory",
    "Terms",
    "attend",
    "by_ends",
    "half_of",
    "has_programs",
    "has_varlen",
    "hide_behind",
    "jointly",
    "packed_attention",
    "projected",
    "projected_jointly",
]

"""Causal attention within each of several texts that lie one behind the other: no padding, and no text sees another."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface

from valence.training.encoders.layout import Layout, Part

NAME = "valence_causal"
"""The name under which transformers' own attention modules find `causal_attention`; no mask is registered, so none is made."""


@torch.compiler.disable  # type: ignore[untyped-decorator]
def causal_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    layout: Layout,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **others: Any,  # noqa: ANN401 - whatever else transformers' modules pass on
) -> tuple[Tensor, None]:
    """Stand in for the attention of transformers' modules.

    Args:
        module: the attention module, as transformers passes it.
        query: (1, heads, tokens, size).
        key: (1, key heads, tokens, size); several heads of the query may share one.
        value: like `key`.
        attention_mask: never read.
        layout: which tokens make a text.
        scaling: factor of the products, size ** -0.5 when not given.
        sliding_window: so many tokens are seen, the own one counted.
        others: dropout and flags of other kernels.

    Returns:
        (1, tokens, heads, size) and no weights.
    """
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    scale = scaling or query.shape[-1] ** -0.5
    if _has_kernel(q):
        return _by_kernel(q, k, v, layout, scale, sliding_window)[None], None
    parts = [_rectangle(q[p.tokens], k[p.tokens], v[p.tokens], p, scale, sliding_window) for p in layout.parts]
    return torch.cat(parts)[None], None


def _has_kernel(query: Tensor) -> bool:
    return query.is_cuda and query.dtype in {torch.bfloat16, torch.float16} and torch.cuda.get_device_capability(query.device) >= (8, 0)


def _by_kernel(query: Tensor, key: Tensor, value: Tensor, layout: Layout, scale: float, window: int | None) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    ends = (layout.offsets, layout.offsets, layout.longest, layout.longest)
    reach = (-1 if window is None else window - 1, 0)
    fewer: dict[str, Any] = {}
    if key.shape[1] != query.shape[1]:
        if _shares_heads():
            fewer["enable_gqa"] = True
        else:
            key, value = (x.repeat_interleave(query.shape[1] // x.shape[1], dim=1) for x in (key, value))
    found = varlen_attn(query, key, value, *ends, scale=scale, window_size=reach, **fewer)
    assert isinstance(found, Tensor)  # a pair only where more is asked for
    return found


@functools.cache
def _shares_heads() -> bool:
    """Tell whether the kernel lets several heads of the query share one of the keys; PyTorch 2.11 does not say that it does."""
    from torch.nn.attention.varlen import varlen_attn

    return "enable_gqa" in inspect.signature(varlen_attn).parameters


def _rectangle(query: Tensor, key: Tensor, value: Tensor, part: Part, scale: float, window: int | None) -> Tensor:
    """Pad a part's texts behind: what is there comes later than every token of the text, so that being causal hides it."""
    q, k, v = part.pad(query), part.pad(key), part.pad(value)
    mask = None
    if window is not None and window < part.longest:
        time = torch.arange(part.longest, device=q.device)
        back = time[:, None] - time
        mask = (back >= 0) & (back < window)
    return part.unpad(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, scale=scale, enable_gqa=True))


AttentionInterface.register(NAME, causal_attention)

__all__ = ["NAME", "causal_attention"]

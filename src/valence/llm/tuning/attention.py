"""Causal attention within each of several texts that lie one behind the other: no padding, and no text sees another.

What all texts begin with may be read once and kept: its keys and values then stand before those of each. So may the texts
themselves, and what follows them is read alone.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface

from valence.training.encoders.layout import Layout, Part

NAME = "valence_causal"
"""The name under which transformers' own attention modules find `causal_attention`; no mask is registered, so none is made."""


@dataclass
class Beginning:
    """What all prompts begin with, once it was read."""

    tokens: int = 0
    """How many there are."""
    kept: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)
    """Keys and values, each (tokens, key heads, size), by the number of the layer."""
    reading: bool = False
    """Whether it is being read, and each layer is to leave what it made."""


NOTHING = Beginning()


class Past:
    """What was read of each text, kept so that the tokens that follow can be read alone."""

    def __init__(self) -> None:
        """Begin to keep: each layer leaves its keys and values here, until `follow` is called."""
        self._kept: dict[int, tuple[Tensor, Tensor]] = {}
        self.whole: Layout | None = None
        """Where each text lies with what follows it; None as long as the texts are read."""

    def follow(self, read: Layout, after: Layout) -> None:
        """Read `after` next: tokens that follow the texts of `read`, of each as many as it says."""
        whole = self.whole = Layout(read.lengths + after.lengths, read.device)
        self.old = _spread(whole.first, read) + read.order
        """(tokens read,) where they lie in `whole`."""
        self.new = _spread(whole.first + read.counts, after) + after.order
        """(tokens that follow,) where they lie in `whole`."""
        self.positions = _spread(read.counts, after) + after.order
        """(tokens that follow,) place of each in its text."""

    def whole_of(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keep a layer's keys and values, (tokens, key heads, size); of what follows, put those of the texts before them."""
        if self.whole is None:
            self._kept[layer] = key, value
            return key, value
        found = []
        for old, new in zip(self._kept[layer], (key, value), strict=True):
            both = new.new_empty(len(old) + len(new), *new.shape[1:])
            found.append(both.index_copy_(0, self.old, old).index_copy_(0, self.new, new))
        return found[0], found[1]


def _spread(of_texts: Tensor, layout: Layout) -> Tensor:
    """Repeat each text's number for its tokens."""
    return torch.repeat_interleave(of_texts, layout.offsets.diff(), output_size=int(layout.lengths.sum()))


@torch.compiler.disable  # type: ignore[untyped-decorator]
def causal_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    layout: Layout,
    beginning: Beginning = NOTHING,
    past: Past | None = None,
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
        beginning: what stands before each text.
        past: keeps the texts, or holds them where the tokens are what follows.
        scaling: factor of the products, size ** -0.5 when not given.
        sliding_window: so many tokens are seen, the own one counted.
        others: dropout and flags of other kernels.

    Returns:
        (1, tokens, heads, size) and no weights.
    """
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    scale = scaling or query.shape[-1] ** -0.5
    if beginning.reading:
        beginning.kept[module.layer_idx] = k.clone(), v.clone()  # type: ignore[index]
    before = beginning.kept[module.layer_idx] if beginning.tokens else None  # type: ignore[index]
    whole = layout
    if past is not None:
        k, v = past.whole_of(module.layer_idx, k, v)  # type: ignore[arg-type]
        whole = past.whole or layout
    if _has_kernel(q):
        return _by_kernel(q, k, v, layout, whole, before, scale, sliding_window)[None], None
    if past is not None and past.whole is not None:  # a rectangle has a row for each key: those of the texts ask nothing
        q = q.new_zeros(len(k), *q.shape[1:]).index_copy(0, past.new, q)
    found = torch.cat([_rectangle(q[p.tokens], k[p.tokens], v[p.tokens], p, before, scale, sliding_window) for p in whole.parts])
    return (found if whole is layout or past is None else found[past.new])[None], None


def _has_kernel(query: Tensor) -> bool:
    return query.is_cuda and query.dtype in {torch.bfloat16, torch.float16} and torch.cuda.get_device_capability(query.device) >= (8, 0)


def _by_kernel(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    layout: Layout,
    whole: Layout,
    before: tuple[Tensor, Tensor] | None,
    scale: float,
    window: int | None,
) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    places, keys_at = 0 if before is None else len(before[0]), whole.offsets
    if before is not None:
        key, value, keys_at = _behind(key, value, whole, *before)
    more: dict[str, Any] = {}
    if key.shape[1] != query.shape[1] and _shares_heads():
        more["enable_gqa"] = True
    elif key.shape[1] != query.shape[1]:
        key, value = (x.repeat_interleave(query.shape[1] // x.shape[1], dim=1) for x in (key, value))
    # of fewer queries than keys, the last query sees the last key: so the kernel counts
    ends = (layout.offsets, keys_at, layout.longest, whole.longest + places)
    found = varlen_attn(query, key, value, *ends, scale=scale, window_size=(-1 if window is None else window - 1, 0), **more)
    assert isinstance(found, Tensor)  # a pair only where more is asked for
    return found


def _behind(key: Tensor, value: Tensor, layout: Layout, first_keys: Tensor, first_values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Put the beginning's keys and values before those of each text; return them and where each text's begin."""
    texts, places = len(layout.lengths), len(first_keys)
    number = torch.arange(texts + 1, device=key.device, dtype=torch.int32)
    starts = layout.offsets + places * number
    own = torch.arange(len(key), device=key.device)
    own = own + places * torch.repeat_interleave(number[1:], layout.offsets.diff(), output_size=len(key))
    first = (starts[:-1, None] + torch.arange(places, device=key.device)).flatten()
    found = []
    for mine, common in ((key, first_keys), (value, first_values)):
        whole = mine.new_empty(len(mine) + texts * places, *mine.shape[1:])
        found.append(whole.index_copy_(0, own, mine).index_copy_(0, first.long(), common.repeat(texts, 1, 1)))
    return found[0], found[1], starts


@functools.cache
def _shares_heads() -> bool:
    """Tell whether the kernel lets several heads of the query share one of the keys; PyTorch 2.11 does not say that it does."""
    from torch.nn.attention.varlen import varlen_attn

    return "enable_gqa" in inspect.signature(varlen_attn).parameters


def _rectangle(
    query: Tensor, key: Tensor, value: Tensor, part: Part, before: tuple[Tensor, Tensor] | None, scale: float, window: int | None
) -> Tensor:
    """Pad a part's texts behind: what is there comes later than every token of the text, so that being causal hides it."""
    q, k, v = part.pad(query), part.pad(key), part.pad(value)
    places = 0 if before is None else len(before[0])
    if before is not None:
        k, v = (torch.cat([first.transpose(0, 1).expand(len(x), -1, -1, -1), x], 2) for first, x in zip(before, (k, v), strict=True))
    mask = None
    if before is not None or (window is not None and window < part.longest):
        time = torch.arange(places + part.longest, device=q.device)
        back = time[places:, None] - time
        mask = (back >= 0) & (back < (window or len(time)))
    return part.unpad(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, scale=scale, enable_gqa=True))


AttentionInterface.register(NAME, causal_attention)

__all__ = ["NAME", "NOTHING", "Beginning", "Past", "causal_attention"]

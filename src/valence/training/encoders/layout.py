"""Texts one behind the other without padding: which token belongs to which text, and to which place in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from valence.training.encoders.kernels.relative import WHOLE, width_for

CPU_SCORES = 2**21
GPU_SCORES = 2**25
"""Attention scores per head that one part may hold where they are written out."""

ALIGNED = 8
"""Attention kernels with a bias read it by so many numbers at once."""

STEP = 512
"""Rooms grow by so many tokens: fewer waste less of a step, more need fewer captured steps."""


class Ends(NamedTuple):
    """All that a kernel over a packed row asks: tensors and a number, which compiled layers take without being compiled anew."""

    offsets: Tensor
    """(texts + 1,) int32, text i is the tokens from `offsets[i]` to `offsets[i + 1]`."""
    longest: int
    """Tokens of the longest text, or a few more."""


class Room(NamedTuple):
    """Shapes that texts of other lengths share, so that a captured step reads them too."""

    texts: int
    """Texts that `tokens` are for; where each is read several times, there is room for as many more."""
    tokens: int
    """Tokens of all texts, or more."""
    longest: int
    """Tokens of the longest text, or more."""


@dataclass(frozen=True)
class Part:
    """Some neighbouring texts, to be padded together for attention that needs a rectangle."""

    tokens: slice
    """Their tokens in the layout."""
    lengths: NDArray[np.int64]
    """(texts,)"""
    place: Tensor
    """(tokens,) where each token goes in the flat rectangle (texts * longest)."""
    inside: Tensor | None
    """(texts, longest) whether there is a token; None when all are equally long."""
    longest: int
    """Tokens of the longest text, or a few more."""

    def pad(self, packed: Tensor) -> Tensor:
        """Spread (tokens, heads, size) over a rectangle, (texts, heads, longest, size), zeros behind each text."""
        flat = packed.new_zeros(len(self.lengths) * self.longest, *packed.shape[1:]).index_copy(0, self.place, packed)
        return flat.view(len(self.lengths), self.longest, *packed.shape[1:]).transpose(1, 2)

    def unpad(self, padded: Tensor) -> Tensor:
        """Take (tokens, heads, size) back out of (texts, heads, longest, size)."""
        return padded.transpose(1, 2).flatten(0, 1)[self.place]


class Layout:
    """Where n texts lie in one row of tokens, each with `virtual` learned tokens before its own."""

    def __init__(self, lengths: NDArray[np.int64], device: torch.device, virtual: int = 0) -> None:
        self.own = lengths
        """(n,) tokens of each text, the virtual ones not counted; on the CPU, so that planning waits for no device."""
        self.lengths = lengths + virtual
        """(n,) tokens of each text."""
        self.virtual = virtual
        self.device = device
        self.aligned = ALIGNED if device.type == "cuda" else 1
        """A rectangle's sides are multiples of it."""

    @cached_property
    def offsets(self) -> Tensor:
        """(n + 1,) int32, text i is the tokens from `offsets[i]` to `offsets[i + 1]`."""
        return self._send(np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int32))

    @cached_property
    def order(self) -> Tensor:
        """(tokens,) int64 place of each token in its text, from 0, virtual tokens counted."""
        return self._send(_places(self.lengths))

    @cached_property
    def positions(self) -> Tensor:
        """(tokens,) int64 place of each token among its text's own, from 0; virtual tokens stand at 0."""
        return (self.order - self.virtual).clamp(min=0)

    @cached_property
    def first(self) -> Tensor:
        """(n,) int64 index of each text's own first token."""
        return self.offsets[:-1].long() + self.virtual

    @cached_property
    def counts(self) -> Tensor:
        """(n,) int64 own tokens of each text."""
        return self._send(self.own)

    @cached_property
    def is_own(self) -> Tensor:
        """(own tokens,) int64 index of the tokens that are not virtual."""
        return self._send(np.flatnonzero(_places(self.lengths) >= self.virtual))

    @cached_property
    def longest(self) -> int:
        """Tokens of the longest text, or a few more."""
        return self._whole(int(self.lengths.max()))

    @property
    def width(self) -> int:
        """Distances that a table counts, from -width / 2 on: whole tiles where a kernel may read them."""
        return width_for(self.longest) if self.device.type == "cuda" else 2 * self.longest

    @property
    def ends(self) -> Ends:
        """Where the texts end."""
        return Ends(self.offsets, self.longest)

    @cached_property
    def parts(self) -> list[Part]:
        """The texts in groups small enough for written-out attention scores."""
        limit = CPU_SCORES if self.device.type == "cpu" else GPU_SCORES
        return [self._part(start, end) for start, end in _groups(self.lengths, limit)]

    def _part(self, start: int, end: int) -> Part:
        lengths = self.lengths[start:end]
        before = int(self.lengths[:start].sum())
        longest = self._whole(int(lengths.max()))
        place = np.repeat(np.arange(end - start) * longest, lengths) + _places(lengths)
        inside = None if (lengths == longest).all() else self._send(np.arange(longest) < lengths[:, None])
        return Part(slice(before, before + int(lengths.sum())), lengths, self._send(place), inside, longest)

    def _whole(self, longest: int) -> int:
        return -(-longest // self.aligned) * self.aligned

    def _send(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values).to(self.device, non_blocking=self.device.type == "cuda")


class Frame(Layout):
    """A layout of fixed shapes, made on the device from lengths that lie there: no number of it is known to the CPU.

    What the texts leave of the room belongs to texts behind them that nothing reads. Only what kernels over a packed row ask
    is there: no rectangles, no virtual tokens.
    """

    def __init__(self, lengths: Tensor, room: Room) -> None:
        """Lay out (n,) int64 `lengths` on the device, n a multiple of the room's texts."""
        copies = len(lengths) // room.texts
        self.tokens = copies * room.tokens
        self.longest = room.longest
        self.device, self.virtual, self.aligned = lengths.device, 0, ALIGNED
        self.counts = lengths
        spare = copies * -(-STEP // room.longest)
        behind = torch.full((spare,), room.longest, device=lengths.device, dtype=torch.int64)
        ends = torch.cat([lengths, behind]).cumsum(0).clamp(max=self.tokens)
        self.offsets = F.pad(ends, (1, 0)).int()
        self.first = self.offsets[: len(lengths)].long()
        at = torch.arange(self.tokens, device=lengths.device, dtype=torch.int32)
        self.owner = torch.searchsorted(self.offsets[1:], at, right=True)
        """(tokens,) int64 the text of each token."""
        self.order = (at - self.offsets[self.owner]).long()

    @cached_property
    def lengths(self) -> NDArray[np.int64]:  # type: ignore[override]
        """(texts,) tokens of each text that has any, those behind among them; waits for the device, for paths without a kernel."""
        lengths = self.offsets.diff().cpu().numpy().astype(np.int64)
        return np.asarray(lengths[lengths > 0])


def room_for(lengths: NDArray[np.int64], most: int) -> Room:
    """Return the room of texts of these lengths, rounded up so that few rooms serve a training whose longest text is of `most` tokens."""
    longest = min(WHOLE * -(-int(lengths.max()) // WHOLE), most)
    return Room(len(lengths), STEP * -(-int(lengths.sum()) // STEP), longest)


def _places(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    starts = np.cumsum(lengths) - lengths
    return np.asarray(np.arange(int(lengths.sum())) - np.repeat(starts, lengths), dtype=np.int64)


def _groups(lengths: NDArray[np.int64], limit: int) -> list[tuple[int, int]]:
    groups, start, longest = [], 0, 0
    for i, length in enumerate(lengths.tolist()):
        longest = max(longest, length)
        if i > start and (i + 1 - start) * longest**2 > limit:
            groups.append((start, i))
            start, longest = i, length
    return [*groups, (start, len(lengths))]


__all__ = ["Ends", "Frame", "Layout", "Part", "Room", "room_for"]

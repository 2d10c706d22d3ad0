"""Rooms of the word networks: rectangles of few sizes, so that steps over texts of similar lengths are one captured step."""

from __future__ import annotations

import contextlib
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from valence.training.encoders.layout import Room

TIME = 32
"""A room's time is a multiple of it."""

LARGEST = 2**18
"""Places of a room at most: a larger step is carried out as it stands."""


def rectangle_for(lengths: NDArray[np.int64], most: int) -> Room | None:
    """Return the room of a batch, or none when it is too large to be captured.

    Time is rounded up to a multiple of `TIME`, the texts to four significant bits: an eighth more at most.

    Args:
        lengths: (texts,) words of each text.
        most: words of the longest text of the training; no room is longer.
    """
    texts = len(lengths)
    grain = 1 << max(texts.bit_length() - 4, 0)
    texts = grain * -(-texts // grain)
    longest = min(TIME * -(-int(lengths.max()) // TIME), most)
    room = Room(texts, texts * longest, longest)
    return room if room.tokens <= LARGEST else None


class Rectangular:
    """A network over padded words whose launches follow from the shape of the batch alone."""

    one_shape: ClassVar[bool] = False
    """Whether nothing it does waits for the device."""

    def within(self, room: Room) -> contextlib.AbstractContextManager[None]:
        """Read texts whose lengths lie on the device: it always does."""
        return contextlib.nullcontext()

    def room_for(self, lengths: NDArray[np.int64], most: int) -> Room | None:
        """Return the room that texts of these lengths are read in; `rectangle_for` says which."""
        return rectangle_for(lengths, most)

    def has_one_shape(self, device: torch.device, precision: str) -> bool:
        """Return whether its steps can be captured: on CUDA, in any precision."""
        return self.one_shape and device.type == "cuda"


__all__ = ["LARGEST", "TIME", "Rectangular", "rectangle_for"]

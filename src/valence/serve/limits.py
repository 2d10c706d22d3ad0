"""What one request may ask for, and how requests are read together."""

from __future__ import annotations

from pydantic import Field, NonNegativeFloat, PositiveInt

from valence.types import Settings


class Limits(Settings):
    """Bounds that keep one user from taking the place of all others."""

    max_batch: PositiveInt = 64
    """Texts that the model reads in one call."""
    max_wait_ms: NonNegativeFloat = 5.0
    """Milliseconds to wait for requests that may join a call, where the call before held several; a request alone never waits."""
    max_texts: PositiveInt = 1024
    """Texts in one request."""
    max_characters: PositiveInt = 20_000
    """Characters of one text."""
    max_queue: PositiveInt = 4096
    """Texts that may wait; a request beyond them is answered 503. An empty queue takes any request."""
    max_megabytes: float = Field(default=32.0, gt=0)
    """Size of one request's body."""

    @property
    def max_bytes(self) -> int:
        """Size of one request's body in bytes."""
        return int(self.max_megabytes * 1e6)


__all__ = ["Limits"]

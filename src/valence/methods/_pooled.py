"""The setting of the methods that pool states over time."""

from __future__ import annotations

from typing import Literal

from valence.types import Settings


class Pooled(Settings):
    """A method that keeps two values of each feature of the states."""

    pooling: Literal["max+mean", "max+sum"] = "max+mean"
    """What is kept of each state along the text: its largest value, and its mean or its sum over the root of the length."""

    @property
    def beside(self) -> Literal["mean", "sum"]:
        """What stands beside the largest value."""
        return "sum" if self.pooling == "max+sum" else "mean"


__all__ = ["Pooled"]

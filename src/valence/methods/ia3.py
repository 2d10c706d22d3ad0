"""(IA)3: learned factors on keys, values and inner states of a frozen encoder (Liu et al., 2022, arXiv:2205.05638)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import PositiveFloat

from valence.methods._encoders import TINY_ADAPTED, Encoder

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork

TINY: Mapping[str, object] = TINY_ADAPTED


class Ia3(Encoder):
    """Learn one factor per key, value and inner state; the head trains with them."""

    paper: ClassVar[str] = "Liu et al., 2022, arXiv:2205.05638"

    learning_rate: PositiveFloat = 3e-3

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze the body, add the factors."""
        from valence.training.encoders.adapters import add_ia3

        add_ia3(network)

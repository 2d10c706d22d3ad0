"""Prefix tuning: learned keys and values in every layer of a frozen encoder (Li and Liang, 2021, arXiv:2101.00190).

For classification with encoders it is known as P-tuning v2 (Liu et al., 2022, arXiv:2110.07602).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from valence.methods._encoders import TINY_ADAPTED, Encoder

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork

TINY: Mapping[str, object] = {**TINY_ADAPTED, "prefix_length": 4}


class PrefixTuning(Encoder):
    """Learn keys and values that every token of every layer attends to; the head trains with them."""

    paper: ClassVar[str] = "Li and Liang, 2021, arXiv:2101.00190"

    prefix_length: PositiveInt = 30
    """Learned keys and values per layer."""
    prefix_hidden: NonNegativeInt = 0
    """Hidden units of a network that makes them, as Li and Liang had it; 0 learns them directly, as P-tuning v2."""
    learning_rate: PositiveFloat = 5e-3
    epochs: PositiveInt = 4

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze the model's body, add the prefix."""
        from valence.training.encoders.prefix import Prefix

        network.freeze_body()
        kind = network.kind
        network.prefix = Prefix(kind.depth, self.prefix_length, kind.heads, kind.width, hidden=self.prefix_hidden)

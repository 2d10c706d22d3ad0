"""LoRA: low-rank updates beside a frozen encoder's projections (Hu et al., 2021, arXiv:2106.09685)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from valence.methods._encoders import TINY_ADAPTED, Contrasted

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork

Projection = Literal["query", "key", "value", "feedforward"]

TINY: Mapping[str, object] = TINY_ADAPTED


class Lora(Contrasted):
    """Adapt only two thin matrices per projection; the head trains with them."""

    paper: ClassVar[str] = "Hu et al., 2021, arXiv:2106.09685"

    rank: PositiveInt = 16
    """Rank of each update."""
    alpha: PositiveInt = 32
    """Updates are scaled by alpha / rank."""
    lora_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of an update's input that is hidden in each training step."""
    projections: tuple[Projection, ...] = Field(default=("query", "key", "value", "feedforward"), min_length=1)
    """What is adapted in every layer."""
    rank_stabilised: bool = False
    """Scale by alpha / sqrt(rank) instead, so that large ranks learn as fast (Kalajdzievski, 2023)."""
    learning_rate: PositiveFloat = 3e-4
    epochs: PositiveInt = 3

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze the body, add the updates."""
        from valence.training.encoders.adapters import LowRank, add_lora

        update = LowRank(self.rank, self.alpha, self.lora_dropout, self.rank_stabilised)
        add_lora(network, update, self.projections)

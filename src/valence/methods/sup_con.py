"""Supervised contrastive fine-tuning: texts of one label near each other (Gunel et al., 2021, arXiv:2011.01403)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, PositiveFloat

from valence.methods._encoders import TINY_ENCODER, Encoder

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork
    from valence.training.losses import Objective

TINY: Mapping[str, object] = TINY_ENCODER


class SupCon(Encoder):
    """Train a pretrained encoder whole, by cross-entropy and by the nearness of texts of one label."""

    paper: ClassVar[str] = "Gunel et al., 2021, arXiv:2011.01403"

    contrastive_share: float = Field(default=0.1, ge=0, le=1)
    """Share of the contrastive loss, the rest is cross-entropy."""
    temperature: PositiveFloat = 0.3
    """What similarities are divided by: the smaller, the more the nearest texts count."""

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze nothing."""

    def objective(self) -> Callable[..., Objective]:
        """Return what makes the loss."""
        from valence.training.contrastive import Contrastive

        return partial(Contrastive, share=self.contrastive_share, temperature=self.temperature)

"""Supervised contrastive fine-tuning: texts of one label near each other (Gunel et al., 2021, arXiv:2011.01403)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from valence.methods._encoders import TINY_ENCODER, Contrasted

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork

TINY: Mapping[str, object] = TINY_ENCODER


class SupCon(Contrasted):
    """Train a pretrained encoder whole, by cross-entropy and by the nearness of texts of one label."""

    paper: ClassVar[str] = "Gunel et al., 2021, arXiv:2011.01403"

    contrastive_share: float = Field(default=0.1, ge=0, le=1)

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze nothing."""

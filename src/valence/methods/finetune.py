"""Fine-tuning: train every weight of a pretrained encoder under a new head (Devlin et al., 2019, arXiv:1810.04805)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from valence.methods._encoders import TINY_ENCODER, Encoder

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork

TINY: Mapping[str, object] = TINY_ENCODER


class Finetune(Encoder):
    """Train a pretrained encoder whole."""

    paper: ClassVar[str] = "Devlin et al., 2019, arXiv:1810.04805"

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze nothing."""

"""R-Drop: fine-tuning in which two passes with different dropout must agree (Liang et al., 2021, arXiv:2106.14448)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pydantic import NonNegativeFloat

from valence.methods._encoders import TINY_ENCODER, Encoder

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork
    from valence.training.losses import Objective

TINY: Mapping[str, object] = TINY_ENCODER


class RDrop(Encoder):
    """Train a pretrained encoder whole, and punish what dropout changes about its answers."""

    paper: ClassVar[str] = "Liang et al., 2021, arXiv:2106.14448"

    alpha: NonNegativeFloat = 1.0
    """Weight of the divergence between the two answers; the paper used 0.1 to 5 for classification."""

    @property
    def compares_answers(self) -> bool:
        """It compares two passes."""
        return True

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze nothing."""

    def objective(self) -> Callable[..., Objective]:
        """Return what makes the loss."""
        from valence.training.consistency import Consistency

        return partial(Consistency, alpha=self.alpha)

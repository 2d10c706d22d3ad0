"""Prompt tuning: virtual tokens before the text of a frozen encoder (Lester et al., 2021, arXiv:2104.08691)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import PositiveFloat, PositiveInt

from valence.methods._encoders import TINY_ADAPTED, Encoder

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork

TINY: Mapping[str, object] = {**TINY_ADAPTED, "virtual_tokens": 4}


class PromptTuning(Encoder):
    """Learn vectors that stand before every text; the head trains with them and never reads one of them."""

    paper: ClassVar[str] = "Lester et al., 2021, arXiv:2104.08691"

    virtual_tokens: PositiveInt = 50
    """Learned vectors before a text; they start as vectors of the vocabulary."""
    learning_rate: PositiveFloat = 3e-3
    epochs: PositiveInt = 4

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze the model's body, add the virtual tokens."""
        from valence.training.encoders.prompt import Prompt

        network.freeze_body()
        network.prompt = Prompt(network.kind.words.weight, self.virtual_tokens)

"""P-tuning: virtual tokens that a small network makes, before a frozen encoder (Liu et al., 2021, arXiv:2103.10385)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import PositiveFloat, PositiveInt

from valence.methods._encoders import TINY_ADAPTED, Encoder

if TYPE_CHECKING:
    from valence.training.encoders.network import EncoderNetwork

TINY: Mapping[str, object] = {**TINY_ADAPTED, "virtual_tokens": 4, "prompt_size": 8}


class PTuning(Encoder):
    """Learn virtual tokens through a small network; the head trains with them and never reads one of them."""

    paper: ClassVar[str] = "Liu et al., 2021, arXiv:2103.10385"

    virtual_tokens: PositiveInt = 30
    """Learned vectors before a text."""
    prompt_encoder: Literal["mlp", "lstm"] = "mlp"
    """What makes them: two linear layers, or the paper's bidirectional LSTM under them."""
    prompt_size: PositiveInt = 128
    """Hidden units of what makes them."""
    learning_rate: PositiveFloat = 1e-3
    epochs: PositiveInt = 4

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze the model's body, add the virtual tokens and what makes them."""
        from valence.training.encoders.prompt import EncodedPrompt

        network.freeze_body()
        network.prompt = EncodedPrompt(network.kind.words.weight, self.virtual_tokens, self.prompt_size, self.prompt_encoder)

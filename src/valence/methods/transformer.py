"""Transformer: a small encoder of self-attention from a random start (Vaswani et al., 2017, arXiv:1706.03762)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from valence.methods._networks import TINY_NETWORK
from valence.methods._phrases import PhraseNetwork
from valence.methods._pooled import Pooled

if TYPE_CHECKING:
    from valence.training.networks.words import WordEmbedding, WordNetwork

TINY: Mapping[str, object] = {**TINY_NETWORK, "width": 16, "heads": 2, "hidden": 32, "layers": 1, "piece": 8}


class Transformer(Pooled, PhraseNetwork):
    """Let the words look at each other, a few times over; keep the largest and the mean of the states."""

    paper: ClassVar[str] = "Vaswani et al., 2017, arXiv:1706.03762"

    width: PositiveInt = 128
    """Size of a word's state."""
    layers: PositiveInt = 2
    """Encoder layers."""
    heads: PositiveInt = 2
    """Heads of the attention; they share the width evenly."""
    hidden: PositiveInt = 256
    """Size of the dense layer between two attentions."""
    piece: NonNegativeInt = 128
    """Words of the pieces within which words look at each other, which takes time in proportion to the text; 0 is the whole text."""
    layer_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the numbers hidden behind each dense layer in training."""

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} cannot be shared by {self.heads} heads of an even size; try {2 * self.heads * 16}")
        return self

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.transformer import TransformerNetwork

        shape = {"width": self.width, "layers": self.layers, "heads": self.heads, "hidden": self.hidden, "piece": self.piece}
        return TransformerNetwork(embedding, labels, **shape, layer_dropout=self.layer_dropout, dropout=self.dropout, beside=self.beside)

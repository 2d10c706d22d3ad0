"""Transformer that guesses hidden words of its domain first, the label afterwards (Devlin et al., 2019, arXiv:1810.04805)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from valence.methods._networks import TINY_NETWORK
from valence.methods._pretrained import Pretrained

if TYPE_CHECKING:
    from torch import Tensor

    from valence.training.networks.words import WordEmbedding, WordNetwork
    from valence.training.pretraining import Objective
    from valence.training.streams import Texts

TINY = {**TINY_NETWORK, "epochs": 10, "width": 16, "heads": 2, "layers": 1, "pretraining_epochs": 2, "rows": 4, "window": 20}


class TransformerPretrained(Pretrained):
    """Read to guess hidden words from both sides; then read for the label."""

    paper: ClassVar[str] = (
        "Devlin et al., 2019, arXiv:1810.04805; Clark et al., 2020, arXiv:2003.10555; Sachan et al., 2019, arXiv:2009.04007"
    )

    max_length: PositiveInt = 512
    dimension: PositiveInt = 256
    width: PositiveInt = 384
    """Size of a word's state in the encoder."""
    heads: PositiveInt = 6
    """Attention heads of each block; they share the width."""
    layers: PositiveInt = 6
    """Blocks of the encoder."""
    objective: Literal["masked", "replaced"] = "masked"
    """What pretraining asks for: the hidden words, or which words a network a third as wide has put in their place."""
    hidden_share: float = Field(default=0.25, gt=0, lt=1)
    """Share of the words that are hidden in pretraining."""
    rows: PositiveInt = 128
    """Windows in a step of pretraining."""
    window: PositiveInt = 256
    """Words of a window; all texts are laid end to end and cut into windows."""
    softmax: Literal["full", "window"] = "full"
    """Words among which a hidden one is guessed: all, or on slow machines those of the step, weighted for all."""
    compile: bool = False
    """Whether pretraining runs compiled blocks: faster after half a minute, on a GPU with a C compiler beside it."""
    inner_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the numbers hidden in each block while the labels are learned."""

    pretraining_epochs: NonNegativeInt = 16
    pretraining_rate: PositiveFloat = 1e-3
    pretraining_dropout: float = Field(default=0.0, ge=0, lt=1)
    epochs: PositiveInt = 8
    batch_tokens: PositiveInt = 16_384
    learning_rate: PositiveFloat = 2e-4
    adversarial: NonNegativeFloat = 0.3
    word_dropout: float = Field(default=0.1, ge=0, lt=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} cannot be shared by {self.heads} heads of an even size; try {2 * self.heads * 32}")
        return self

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.encoder import EncoderNetwork

        return EncoderNetwork(embedding, labels, **self._shape, inner_dropout=self.inner_dropout, dropout=self.dropout)

    def pretraining(self, table: Tensor, texts: Texts, seed: int) -> Objective:
        """Return the guessing of hidden words, or the detection of replaced ones."""
        from valence.training.networks import masked_words, replaced_words
        from valence.training.networks.words import WordEmbedding

        drop, size = self.pretraining_dropout, {"rows": self.rows, "window": self.window, "epochs": self.pretraining_epochs}
        embedding, hidden, full = WordEmbedding(table, dropout=drop), self.hidden_share, self.softmax == "full"
        if self.objective == "masked":
            masker = masked_words.Masker(embedding, **self._shape, dropout=drop, compiled=self.compile).to(texts.device)
            return masked_words.MaskedWords(masker, texts, seed=seed, hidden=hidden, full=full, **size)
        detector = replaced_words.Detector(embedding, **self._shape, dropout=drop, compiled=self.compile).to(texts.device)
        return replaced_words.ReplacedWords(detector, texts, seed=seed, hidden=hidden, full=full, **size)

    @property
    def _shape(self) -> dict[str, int]:
        return {"width": self.width, "heads": self.heads, "layers": self.layers}

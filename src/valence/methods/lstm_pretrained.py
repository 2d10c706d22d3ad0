"""LSTM pretrained as a language model on its own domain, then trained with the mixed objective (Sachan et al., 2019, arXiv:2009.04007)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from valence.methods._networks import TINY_NETWORK
from valence.methods._pretrained import Pretrained

if TYPE_CHECKING:
    from torch import Tensor

    from valence.training.networks.words import WordEmbedding, WordNetwork
    from valence.training.pretraining import Objective
    from valence.training.streams import Texts

TINY = {**TINY_NETWORK, "epochs": 8, "units": 16, "pretraining_epochs": 2, "streams": 4, "window": 10, "adversarial": 0.3}


class LstmPretrained(Pretrained):
    """Read to predict the next word, from the left and from the right; then read for the label."""

    paper: ClassVar[str] = "Sachan, Zaheer and Salakhutdinov, 2019, arXiv:2009.04007; Dai and Le, 2015, arXiv:1511.01432"

    dimension: PositiveInt = 256
    units: PositiveInt = 1024
    """Size of the state of each reader."""
    layers: PositiveInt = 1
    """Layers of each reader."""
    directions: Literal[1, 2] = 2
    """Readers: 1 from the left only, 2 from either side."""
    streams: PositiveInt = 256
    """Rows into which all texts, laid end to end, are cut in pretraining; they are read side by side."""
    window: PositiveInt = 70
    """Words of each row that a step of pretraining reads; the state is carried on to the next window."""
    softmax: Literal["full", "window"] = "full"
    """Words among which the next one is predicted: all, or on slow machines those of the window, weighted for all."""

    epochs: PositiveInt = 10
    batch_tokens: PositiveInt = 65_536
    learning_rate: PositiveFloat = 1e-3
    adversarial: float = Field(default=0.3, ge=0)
    word_dropout: float = Field(default=0.1, ge=0, lt=1)
    embedding_dropout: float = Field(default=0.2, ge=0, lt=1)

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.directed_lstm import DirectedLstmNetwork as Network

        return Network(embedding, labels, hidden=self.units, layers=self.layers, directions=self.directions, dropout=self.dropout)

    def pretraining(self, table: Tensor, texts: Texts, seed: int) -> Objective:
        """Return next-word prediction."""
        from valence.training.networks.language_model import LanguageModel, NextWords
        from valence.training.networks.words import WordEmbedding

        drop = self.pretraining_dropout
        embedding = WordEmbedding(table, dropout=drop)
        model = LanguageModel(embedding, hidden=self.units, layers=self.layers, directions=self.directions, dropout=drop)
        full = self.softmax == "full"
        size = {"rows": self.streams, "window": self.window, "epochs": self.pretraining_epochs}
        return NextWords(model.to(texts.device), texts, seed=seed, full=full, **size)

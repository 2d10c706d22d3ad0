"""LSTM: read the text in both directions, pool the states (Hochreiter and Schmidhuber, 1997, doi:10.1162/neco.1997.9.8.1735)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from valence.methods._pooled import Pooled
from valence.methods._recurrent import TINY_RECURRENT, Recurrent

if TYPE_CHECKING:
    from valence.training.networks.words import WordEmbedding, WordNetwork

TINY: Mapping[str, object] = TINY_RECURRENT


class Lstm(Pooled, Recurrent):
    """Read the words in both directions with a gated memory; keep the largest and the mean of its states."""

    paper: ClassVar[str] = "Hochreiter and Schmidhuber, 1997, doi:10.1162/neco.1997.9.8.1735"

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.recurrent import RecurrentNetwork

        return RecurrentNetwork(embedding, self.reader(embedding.dimension), labels, dropout=self.dropout, beside=self.beside)

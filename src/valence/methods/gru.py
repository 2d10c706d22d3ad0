"""GRU: read the text in both directions, pool the states (Cho et al., 2014, arXiv:1406.1078)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from valence.methods._pooled import Pooled
from valence.methods._recurrent import TINY_RECURRENT, Recurrent

if TYPE_CHECKING:
    from valence.training.networks.words import WordEmbedding, WordNetwork

TINY: Mapping[str, object] = TINY_RECURRENT


class Gru(Pooled, Recurrent):
    """Read the words in both directions with two gates; keep the largest and the mean of the states."""

    paper: ClassVar[str] = "Cho et al., 2014, arXiv:1406.1078"
    cell: ClassVar[Literal["lstm", "gru"]] = "gru"

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.recurrent import RecurrentNetwork

        return RecurrentNetwork(embedding, self.reader(embedding.dimension), labels, dropout=self.dropout, beside=self.beside)

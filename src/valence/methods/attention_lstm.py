"""Attention over a bidirectional LSTM: the words that matter weigh more (Zhou et al., 2016, doi:10.18653/v1/P16-2034)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import PositiveInt

from valence.methods._recurrent import TINY_RECURRENT, Recurrent

if TYPE_CHECKING:
    from valence.training.networks.words import WordEmbedding, WordNetwork

TINY: Mapping[str, object] = TINY_RECURRENT


class AttentionLstm(Recurrent):
    """Read the words in both directions; a learned query says how much each state counts."""

    paper: ClassVar[str] = "Zhou et al., 2016, doi:10.18653/v1/P16-2034"

    attention: PositiveInt = 64
    """Size of the layer that the attention's query is compared in."""

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.attention_lstm import AttentionLstmNetwork

        reader = self.reader(embedding.dimension)
        return AttentionLstmNetwork(embedding, reader, labels, attention=self.attention, dropout=self.dropout)

"""Capsules over a bidirectional LSTM: words agree on what the text says (Sabour et al., 2017, arXiv:1710.09829)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import PositiveInt

from valence.methods._recurrent import TINY_RECURRENT, Recurrent

if TYPE_CHECKING:
    from valence.training.networks.words import WordEmbedding, WordNetwork

TINY: Mapping[str, object] = {**TINY_RECURRENT, "capsules": 4, "capsule_size": 4}


class CapsuleLstm(Recurrent):
    """Read the words in both directions; each state votes for capsules, and routing strengthens votes that agree."""

    paper: ClassVar[str] = "Sabour et al., 2017, arXiv:1710.09829"

    capsules: PositiveInt = 10
    """Number of capsules."""
    capsule_size: PositiveInt = 16
    """Numbers in a capsule."""
    rounds: PositiveInt = 3
    """Rounds of routing."""

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.capsule_lstm import CapsuleLstmNetwork

        reader = self.reader(embedding.dimension)
        shape = {"capsules": self.capsules, "size": self.capsule_size, "rounds": self.rounds}
        return CapsuleLstmNetwork(embedding, reader, labels, **shape, dropout=self.dropout)

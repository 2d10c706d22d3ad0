"""Settings of the methods that read with a recurrent layer, and the reader they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import NonNegativeInt, PositiveInt

from valence.methods._networks import TINY_NETWORK
from valence.methods._phrases import PhraseNetwork

if TYPE_CHECKING:
    from valence.training.networks.recurrent import RecurrentReader

TINY_RECURRENT = {**TINY_NETWORK, "hidden": 8}
"""Settings under which the contract tests train a recurrent network on 48 sentences in a second."""


class Recurrent(PhraseNetwork):
    """A network whose reader goes over the words in both directions."""

    cell: ClassVar[Literal["lstm", "gru"]] = "lstm"

    hidden: PositiveInt = 128
    """Size of the state in each of the two directions."""
    layers: PositiveInt = 1
    """Recurrent layers, each over the states of the one before."""
    piece: NonNegativeInt = 0
    """Words of the pieces into which a text is cut to be read side by side, which is faster on a GPU; 0 reads it whole."""

    def reader(self, features: int) -> RecurrentReader:
        """Return the recurrent layers over inputs of `features` numbers."""
        from valence.training.networks.recurrent import RecurrentReader

        return RecurrentReader(self.cell, features, self.hidden, layers=self.layers, dropout=self.dropout, piece=self.piece)

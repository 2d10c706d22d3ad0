"""C-LSTM: convolutions find phrases, an LSTM reads them in order (Zhou et al., 2015, arXiv:1511.08630)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, PositiveInt

from valence.methods._pooled import Pooled
from valence.methods._recurrent import TINY_RECURRENT, Recurrent

if TYPE_CHECKING:
    from valence.training.networks.words import WordEmbedding, WordNetwork

TINY: Mapping[str, object] = {**TINY_RECURRENT, "filters": 8}


class CnnLstm(Pooled, Recurrent):
    """Find phrases with filters, then read in both directions what was found, in the order of the text."""

    paper: ClassVar[str] = "Zhou et al., 2015, arXiv:1511.08630"

    widths: tuple[PositiveInt, ...] = Field(default=(2, 3), min_length=1)
    """Words that a filter spans; every width gets its own filters."""
    filters: PositiveInt = 100
    """Filters of each width."""
    window: PositiveInt = 4
    """Neighbouring words of which only the strongest answer of each filter is read on."""

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.cnn import WordConvolution
        from valence.training.networks.cnnlstm import CnnLstmNetwork

        convolution = WordConvolution(embedding.dimension, self.filters, self.widths)
        reader = self.reader(convolution.features)
        return CnnLstmNetwork(embedding, convolution, reader, labels, window=self.window, dropout=self.dropout, beside=self.beside)

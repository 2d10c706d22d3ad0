"""CNN: convolutions over words, the strongest answer of each filter kept (Kim, 2014, doi:10.3115/v1/D14-1181)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt

from valence.methods._networks import TINY_NETWORK
from valence.methods._phrases import PhraseNetwork

if TYPE_CHECKING:
    from valence.training.networks.words import WordEmbedding, WordNetwork


TINY: Mapping[str, object] = {**TINY_NETWORK, "filters": 8}
"""Settings under which the contract tests train it on 48 sentences."""
BESIDE: Mapping[str, Literal["mean", "sum"] | None] = {"max": None, "max+mean": "mean", "max+sum": "sum"}


class Cnn(PhraseNetwork):
    """Look for learned phrases of a few words anywhere in the text."""

    paper: ClassVar[str] = "Kim, 2014, doi:10.3115/v1/D14-1181"

    engine: Literal["packed", "trainer"] = "trainer"
    widths: tuple[PositiveInt, ...] = Field(default=(3, 4, 5), min_length=1)
    """Words that a filter spans; every width gets its own filters."""
    filters: PositiveInt = 100
    """Filters of each width."""

    pooling: Literal["max", "max+mean", "max+sum"] = "max"
    """What is kept of a filter's answers: the strongest as in the paper; beside it their mean, or their sum over the root of the length."""

    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network."""
        from valence.training.networks.cnn import CnnNetwork

        beside = BESIDE[self.pooling]
        return CnnNetwork(embedding, labels, filters=self.filters, widths=self.widths, dropout=self.dropout, beside=beside)

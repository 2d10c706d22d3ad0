"""Replaced-word detection: a small network fills gaps, a large one finds the words it put in (Clark et al., 2020, arXiv:2003.10555)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from valence.text.vocabulary import PAD
from valence.training.networks.encoder import Encoder
from valence.training.networks.masked_words import Guess, Windows, at
from valence.training.networks.words import WordEmbedding
from valence.training.streams import Texts

DETECTION_WEIGHT = 50.0
"""Weight of the detection beside the filling of gaps (section 3.1 of the paper)."""


class Detector(nn.Module):
    """Generator and discriminator over one table of words; only `embedding` and `encoder` outlive the pretraining.

    The generator has a third of the heads, of the same size, and half the blocks (section 3.2 of the paper: a quarter to a half).
    """

    def __init__(
        self, embedding: WordEmbedding, *, width: int, heads: int, layers: int, dropout: float = 0.0, compiled: bool = False
    ) -> None:
        super().__init__()
        few = max(1, round(heads / 3))
        small = width // heads * few
        self.embedding = embedding
        self.encoder = Encoder(embedding.dimension, width=width, heads=heads, layers=layers, dropout=dropout, compiled=compiled)
        self.generator = Encoder(embedding.dimension, width=small, heads=few, layers=(layers + 1) // 2, dropout=dropout, compiled=compiled)
        self.guess = Guess(small, embedding.table)
        self.detect = nn.Linear(width, 1)

    def fill(self, words: Tensor, gaps: Tensor, shares: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Hide words, guess them, and put drawn guesses in their place.

        Args:
            words: (batch, time) int64.
            gaps: (batch, k) int64, the places to hide.
            shares: as for `Guess`.

        Returns:
            The mean cross-entropy of the guesses in nats, and the new (batch, time) words.
        """
        states = self.generator(self.embedding(words.scatter(1, gaps, PAD)))
        loss, drawn = self.guess(at(states, gaps), words.gather(1, gaps).flatten(), self.embedding.table.weight, shares, draw=True)
        return loss, words.scatter(1, gaps, drawn.view_as(gaps))

    def find(self, words: Tensor) -> Tensor:
        """Return (batch, time) logits: positive where a word seems to have been put in."""
        found: Tensor = self.detect(self.encoder(self.embedding(words))).squeeze(-1)
        return found.float()


class ReplacedWords(Windows):
    """Find the words that were put in."""

    def __init__(
        self, network: Detector, texts: Texts, *, rows: int, window: int, epochs: int, seed: int, hidden: float, full: bool
    ) -> None:
        words = network.embedding.table.num_embeddings
        super().__init__(texts, words, rows=rows, window=window, epochs=epochs, seed=seed, hidden=hidden, full=full)
        self.network = network

    def loss(self, step: int) -> Tensor:
        """Return the loss of a step."""
        words = self.words(step)
        loss, replaced = self.network.fill(words, self.choose(words), self._shares)
        wrong = (replaced != words).float()
        return loss + DETECTION_WEIGHT * F.binary_cross_entropy_with_logits(self.network.find(replaced), wrong)


__all__ = ["DETECTION_WEIGHT", "Detector", "ReplacedWords"]

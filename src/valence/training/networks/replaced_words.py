"""Replaced-word detection: a small network fills gaps, a large one finds the words it put in (Clark et al., 2020, arXiv:2003.10555)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valence.text.vocabulary import PAD
from valence.training.networks.encoder import Encoder
from valence.training.networks.words import WordEmbedding
from valence.training.softmax import draw_words, present_words, tied_cross_entropy
from valence.training.streams import Texts

DETECTION_WEIGHT = 50.0
"""Weight of the detection beside the filling of gaps (section 3.1 of the paper)."""


class Detector(nn.Module):
    """Generator and discriminator over one table of words; only `embedding` and `encoder` outlive the pretraining."""

    def __init__(self, embedding: WordEmbedding, encoder: Encoder, generator: Encoder, *, width: int, small: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.encoder = encoder
        self.generator = generator
        self.guess = nn.Linear(small, embedding.dimension)
        self.bias = nn.Parameter(torch.zeros(embedding.table.num_embeddings))
        self.detect = nn.Linear(width, 1)

    def fill(self, words: Tensor, gaps: Tensor, shares: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Hide words and guess them.

        Args:
            words: (batch, time) int64.
            gaps: (batch, k) int64, places to hide.
            shares: share of each word in the texts, to guess among these words only; None guesses among all.

        Returns:
            The mean cross-entropy of the guesses in nats, and (batch, time) words with a drawn guess in each gap.
        """
        hidden = words.scatter(1, gaps, PAD)
        states = self.generator(self.embedding(hidden))
        at_gaps = states.gather(1, gaps[..., None].expand(-1, -1, states.shape[2]))
        guess, targets = self.guess(at_gaps).flatten(0, 1), words.gather(1, gaps).flatten()
        table, bias = self.embedding.table.weight, self.bias
        if shares is None:
            # PAD is no word to be guessed
            loss = tied_cross_entropy(guess, table[1:], bias[1:], targets - 1)
            drawn = draw_words(guess, table[1:], bias[1:]) + 1
        else:
            among, places, added = present_words(targets, shares)
            loss = tied_cross_entropy(guess, table[among], bias[among] + added, places)
            drawn = among[draw_words(guess, table[among], bias[among] + added)]
        return loss, words.scatter(1, gaps, drawn.view_as(gaps))

    def find(self, words: Tensor) -> Tensor:
        """Return (batch, time) logits: positive where a word seems to have been put in."""
        found: Tensor = self.detect(self.encoder(self.embedding(words))).squeeze(-1)
        return found.float()


class ReplacedWords:
    """Pretraining: windows of a stream of all texts, a share of whose words is replaced."""

    def __init__(
        self, network: Detector, texts: Texts, *, rows: int, window: int, epochs: int, seed: int, share: float, full: bool
    ) -> None:
        self.network = network
        self._texts = texts
        self._window = min(window, texts.words)
        self._rows = max(1, min(rows, texts.words // self._window))
        self._seed = seed
        self._gaps = max(1, round(share * self._window))
        self._per_epoch = texts.words // (self._rows * self._window)
        self.steps = epochs * self._per_epoch
        self._shares = None if full else texts.shares(network.embedding.table.num_embeddings)
        self._epoch = -1
        self._stream = torch.empty(0)

    def loss(self, step: int) -> Tensor:
        """Return the loss of a step."""
        words = self.words(step)
        loss, replaced = self.network.fill(words, self._choose(words), self._shares)
        wrong = (replaced != words).float()
        return loss + DETECTION_WEIGHT * F.binary_cross_entropy_with_logits(self.network.find(replaced), wrong)

    def words(self, step: int) -> Tensor:
        """Return the (rows, window) int64 words of a step."""
        epoch, place = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._stream, self._epoch = self._texts.stream(self._seed, epoch), epoch
        size = self._rows * self._window
        return self._stream[place * size : (place + 1) * size].view(self._rows, self._window).long()

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: no step needs another."""
        return {}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Do nothing."""

    def _choose(self, words: Tensor) -> Tensor:
        """Return (rows, k) places of words; separators are not chosen while there are words."""
        luck = torch.rand(words.shape, device=words.device).masked_fill(words == self._texts.separator, -1.0)
        return luck.topk(self._gaps, dim=1).indices


__all__ = ["DETECTION_WEIGHT", "Detector", "ReplacedWords"]

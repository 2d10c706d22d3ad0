"""Hidden words are guessed from both sides (Devlin et al., 2019, arXiv:1810.04805, section 3.1)."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from valence.text.vocabulary import PAD
from valence.training.networks.encoder import Encoder
from valence.training.networks.words import WordEmbedding
from valence.training.softmax import draw_words, present_words, tied_cross_entropy
from valence.training.streams import Texts


class Guess(nn.Module):
    """From the states at hidden words to the words, over a table of word vectors."""

    def __init__(self, width: int, table: nn.Embedding) -> None:
        super().__init__()
        self.project = nn.Linear(width, table.embedding_dim)
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings))

    def forward(
        self, states: Tensor, targets: Tensor, table: Tensor, shares: Tensor | None, *, draw: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return the mean cross-entropy in nats, and (n,) words drawn from the guesses, none unless `draw`.

        Args:
            states: (n, width).
            targets: (n,) int64, the hidden words; never `PAD`, which is no word to be guessed.
            table: (words, dimension) word vectors.
            shares: share of each word in the texts, to guess among `targets` only; None guesses among all.
            draw: whether to draw.
        """
        guess, nothing = self.project(states), targets[:0]
        if shares is None:
            loss = tied_cross_entropy(guess, table[1:], self.bias[1:], targets - 1)
            return loss, draw_words(guess, table[1:], self.bias[1:]) + 1 if draw else nothing
        among, places, added = present_words(targets, shares)
        rows, bias = table[among], self.bias[among]
        loss = tied_cross_entropy(guess, rows, bias + added, places) + added[places].mean()
        return loss, among[draw_words(guess, rows, bias)] if draw else nothing


class Masker(nn.Module):
    """An encoder that guesses hidden words; `embedding` and `encoder` outlive the pretraining."""

    def __init__(
        self, embedding: WordEmbedding, *, width: int, heads: int, layers: int, dropout: float = 0.0, compiled: bool = False
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.encoder = Encoder(embedding.dimension, width=width, heads=heads, layers=layers, dropout=dropout, compiled=compiled)
        self.guess = Guess(width, embedding.table)

    def loss(self, words: Tensor, gaps: Tensor, shares: Tensor | None = None) -> Tensor:
        """Return the mean cross-entropy of the guesses in nats.

        Args:
            words: (batch, time) int64.
            gaps: (batch, k) int64, the places to hide.
            shares: as for `Guess`.
        """
        states = self.encoder(self.embedding(words.scatter(1, gaps, PAD)))
        loss: Tensor = self.guess(at(states, gaps), words.gather(1, gaps).flatten(), self.embedding.table.weight, shares)[0]
        return loss


def at(states: Tensor, gaps: Tensor) -> Tensor:
    """Return the (batch * k, width) states at the places `gaps`, (batch, k), of (batch, time, width)."""
    return states.gather(1, gaps[..., None].expand(-1, -1, states.shape[2])).flatten(0, 1)


class Windows(ABC):
    """Pretraining over windows of a stream of all texts, some of whose words are hidden."""

    def __init__(self, texts: Texts, vocabulary: int, *, rows: int, window: int, epochs: int, seed: int, hidden: float, full: bool) -> None:
        self._texts = texts
        self._window = min(window, texts.words)
        self._rows = max(1, min(rows, texts.words // self._window))
        self._seed = seed
        self._gaps = max(1, round(hidden * self._window))
        self._per_epoch = texts.words // (self._rows * self._window)
        self.steps = epochs * self._per_epoch
        self._shares = None if full else texts.shares(vocabulary)
        self._epoch = -1
        self._stream = torch.empty(0)

    @abstractmethod
    def loss(self, step: int) -> Tensor:
        """Return the loss of a step."""

    def words(self, step: int) -> Tensor:
        """Return the (rows, window) int64 words of a step."""
        epoch, place = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._stream, self._epoch = self._texts.stream(self._seed, epoch), epoch
        size = self._rows * self._window
        return self._stream[place * size : (place + 1) * size].view(self._rows, self._window).long()

    def choose(self, words: Tensor) -> Tensor:
        """Return (rows, k) places of words to hide; separators are not chosen while there are words."""
        luck = torch.rand(words.shape, device=words.device).masked_fill(words == self._texts.separator, -1.0)
        return luck.topk(self._gaps, dim=1).indices

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: no step needs another."""
        return {}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Forget the present stream: it is laid out anew."""
        self._epoch = -1


class MaskedWords(Windows):
    """Guess the hidden words."""

    def __init__(self, network: Masker, texts: Texts, *, rows: int, window: int, epochs: int, seed: int, hidden: float, full: bool) -> None:
        words = network.embedding.table.num_embeddings
        super().__init__(texts, words, rows=rows, window=window, epochs=epochs, seed=seed, hidden=hidden, full=full)
        self.network = network

    def loss(self, step: int) -> Tensor:
        """Return the loss of a step."""
        words = self.words(step)
        return self.network.loss(words, self.choose(words), self._shares)


__all__ = ["Guess", "MaskedWords", "Masker", "Windows", "at"]

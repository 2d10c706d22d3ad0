"""What the networks trained from scratch share: their settings, and a fit that each of them only gives a network to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from valence.text.vocabulary import Keep, Tokens, Vocabulary
from valence.text.word_vectors import WordVectors
from valence.training.recipe import Recipe
from valence.types import Classifier, Method, Split, Task

if TYPE_CHECKING:
    from torch import Tensor

    from valence.training.networks.words import WordEmbedding, WordNetwork


TINY_NETWORK: Mapping[str, object] = {
    "epochs": 6,
    "batch_tokens": 200,
    "learning_rate": 0.01,
    "average_decay": 0.9,
    "dimension": 16,
    "min_count": 1,
    "word_dropout": 0.1,
    "dropout": 0.1,
}
"""Settings under which the contract tests train a network on 48 sentences in a second."""


class Network(Recipe, Method):
    """A network over words whose vectors it learns from the labelled texts, from a random or a pretrained start."""

    max_length: PositiveInt = 400
    """Words of a text that are read."""
    keep: Keep = "head+tail"
    """Which words of a longer text are read: its first, its last, or half of each."""
    max_words: PositiveInt = 30_000
    """Size of the vocabulary at most; other words share one vector."""
    min_count: PositiveInt = 2
    """How often a word must occur in the training texts to get a vector of its own."""
    dimension: PositiveInt = 100
    """Length of a word vector."""
    word_vectors: str = ""
    """Pretrained vectors to start from, a path or a name under $VALENCE_MODELS; numbers they do not fill start at random."""
    word_dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of a text's words that are hidden in each training step."""
    embedding_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the numbers in the word vectors that are hidden in each training step."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the features hidden from the last layer in each training step."""

    @abstractmethod
    def build(self, embedding: WordEmbedding, labels: int) -> WordNetwork:
        """Return the network over `embedding`, untrained."""

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Learn the vocabulary and the network from `train`; the best epoch on `valid` is kept."""
        from valence.training.classifier import NetworkClassifier
        from valence.training.device import resolve_device
        from valence.training.examples import Examples
        from valence.training.fitting import fit_network

        device = resolve_device(task.device)
        task.journal.progress(0, 1, "reading words")
        vocabulary = Vocabulary.learn(train.texts, max_words=self.max_words, min_count=self.min_count)
        learn, check = (Examples(self._encode(vocabulary, part), part.labels, device) for part in (train, valid))
        network = fit_network(self._starter(vocabulary, train, len(task.labels)), learn, check, self, task)
        return NetworkClassifier(network, vocabulary, max_length=self.max_length, keep=self.keep, device=device)

    def load(self, folder: Path, task: Task) -> Classifier:
        """Read back vocabulary and weights."""
        from valence.training.classifier import load_classifier
        from valence.training.device import resolve_device

        def rebuild(table: Tensor) -> WordNetwork:
            return self._over(table, len(task.labels))

        return load_classifier(folder, rebuild, max_length=self.max_length, keep=self.keep, device=resolve_device(task.device))

    def _encode(self, vocabulary: Vocabulary, part: Split) -> Tokens:
        return vocabulary.encode(part.texts).cut(self.max_length, self.keep)

    def _starter(self, vocabulary: Vocabulary, train: Split, labels: int) -> Callable[[], WordNetwork]:
        """Return what builds the untrained network; a subclass may learn from `train` how to start."""
        return partial(self._start, vocabulary, labels)

    def _start(self, vocabulary: Vocabulary, labels: int) -> WordNetwork:
        return self._over(self._start_table(vocabulary), labels)

    def _start_table(self, vocabulary: Vocabulary) -> Tensor:
        from valence.training.networks.words import start_vectors

        vectors = WordVectors.find(self.word_vectors) if self.word_vectors else None
        return start_vectors(vocabulary.words, self.dimension, vectors)

    def _over(self, table: Tensor, labels: int) -> WordNetwork:
        from valence.training.networks.words import WordEmbedding

        return self.build(WordEmbedding(table, word_dropout=self.word_dropout, dropout=self.embedding_dropout), labels)

"""What the networks that may read n-grams share: an n-gram's vector is added to that of its last word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveInt
from scipy.sparse import csr_array, diags_array

from valence.errors import BadSetting
from valence.methods._linear import logistic_regression
from valence.methods._networks import Network
from valence.methods.nb_svm import log_count_ratio
from valence.text.phrases import Phrases, learn_phrases
from valence.text.vocabulary import Vocabulary
from valence.types import Split

if TYPE_CHECKING:
    from torch import Tensor

    from valence.training.networks.words import WordNetwork

SMOOTHING = 1.0
"""Added to the number of texts of each label that hold an n-gram: alpha in Wang and Manning (2012)."""


class PhraseNetwork(Network):
    """A network over words that may also give frequent n-grams vectors of their own.

    N-gram vectors are fastText's (Joulin et al., 2016, arXiv:1607.01759); under a convolution they are what Johnson and Zhang
    (2015, arXiv:1412.1058) learn from one-hot regions. Starting them from naive Bayes' ratios: Li et al. (2016, ACL C16-1150;
    for convolutions 2017, ACL D17-1201).
    """

    ngrams: PositiveInt = 1
    """Words of the longest n-gram with a vector of its own, which is added to the vector of its last word; 1 reads words alone."""
    ngram_texts: PositiveInt = 3
    """Training texts that an n-gram must occur in to get a vector."""
    ratio_start: NonNegativeFloat = 0.0
    """Size of the log-count ratios that the last numbers of each vector start from, one a label, one for two; 0 starts at random."""
    wide: NonNegativeFloat = 0.0
    """Cost of errors of a linear model over n-grams and their ratios that answers beside the network and is trained on; 0 has none."""
    wide_share: float = Field(default=0.5, ge=0, le=1)
    """Share of that linear model in the answer."""

    def _starter(self, vocabulary: Vocabulary, train: Split, labels: int) -> Callable[[], WordNetwork]:
        if self.ngrams == 1 and not self.ratio_start and not self.wide:
            return super()._starter(vocabulary, train, labels)
        tokens = vocabulary.encode(train.texts)
        found = learn_phrases(tokens, len(vocabulary), longest=self.ngrams, min_texts=self.ngram_texts)
        ratios = self._ratios(found, train.labels, labels)
        votes = self._votes(found, tokens.lengths, train.labels, ratios) if self.wide else ratios[:, :0]
        start = self.ratio_start * ratios if self.ratio_start else ratios[:, :0]
        return partial(self._start_phrases, vocabulary, found, start, votes, labels)

    def _ratios(self, found: Phrases, answers: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
        """Return (words + n-grams, columns) log-count ratios (Wang and Manning, 2012, P12-2018): a column for two labels, else one each.

        Raises:
            BadSetting: the vectors are too short for a ratio per label.
        """
        asked = (list(range(labels)) if labels > 2 else [1]) if self.ratio_start or self.wide else []
        if self.ratio_start and len(asked) > self.dimension:
            raise BadSetting(f"ratio_start needs a number for each of {labels} labels, --dimension is {self.dimension}: give as many.")
        ratios = [log_count_ratio(found.counts, answers == label, SMOOTHING) for label in asked]
        return np.stack(ratios, axis=1) if ratios else np.zeros((found.counts.shape[1], 0), np.float32)

    def _votes(
        self, found: Phrases, lengths: NDArray[np.int64], answers: NDArray[np.int64], ratios: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return (words + n-grams, columns) weights of NB-SVM with the logistic loss, over counts by the root of the text's length."""
        values = diags_array(1 / np.sqrt(np.maximum(lengths, 1)).astype(np.float32)) @ found.counts
        votes = np.zeros_like(ratios)
        for column, label in enumerate([1] if ratios.shape[1] == 1 else range(ratios.shape[1])):
            scaled = csr_array(values @ diags_array(ratios[:, column]))
            weights, _ = logistic_regression(scaled, (answers == label).astype(np.int64), 2, self.wide)
            votes[:, column] = weights[:, 0] * ratios[:, column]
        return votes

    def _start_phrases(
        self, vocabulary: Vocabulary, found: Phrases, ratios: NDArray[np.float32], votes: NDArray[np.float32], labels: int
    ) -> WordNetwork:
        import torch

        from valence.training.networks.phrases import start_phrases

        table = self._start_table(vocabulary)
        phrases = [start_phrases(torch.from_numpy(keys), self.dimension) for keys in found.keys]
        parts = (table, *(vectors for _, vectors in phrases))
        ends = np.cumsum([len(part) for part in parts])[:-1]
        for part, own in zip(parts, np.split(ratios, ends), strict=True):
            # the last numbers: pretrained vectors fill the first
            part[:, self.dimension - ratios.shape[1] :] = torch.from_numpy(own)
        return self._over(table, labels, phrases, [torch.from_numpy(own) for own in np.split(votes, ends)] if self.wide else [])

    def _over(
        self,
        table: Tensor,
        labels: int,
        phrases: list[tuple[Tensor, Tensor]] | None = None,
        votes: Sequence[Tensor] | None = None,
    ) -> WordNetwork:
        if self.ngrams == 1 and not self.wide:
            return super()._over(table, labels)
        import torch

        from valence.training.networks.phrases import PhraseEmbedding

        # a network that is read back makes room for its n-grams as it meets them
        unread = (torch.zeros(0, dtype=torch.int64), torch.zeros(0, self.dimension))
        start = [unread] * (self.ngrams - 1) if phrases is None else phrases
        if votes is None:
            columns = 1 if labels == 2 else labels
            votes = [torch.zeros(n, columns) for n in (len(table), *[0] * (self.ngrams - 1))] if self.wide else []
        dropout = {"word_dropout": self.word_dropout, "dropout": self.embedding_dropout}
        network = self.build(PhraseEmbedding(table, start, votes, **dropout), labels)
        if network.linear is not None:
            network.linear.share = self.wide_share
        return network


__all__ = ["PhraseNetwork"]

"""fastText's classifier: the average of word and n-gram embeddings under a linear head (Joulin et al., 2016, arXiv:1607.01759).

Two things differ. N-grams are looked up exactly, not hashed into buckets that strangers share. And steps are Adagrad's (Duchi et al.,
2011) over small batches: rare n-grams take larger steps than frequent ones, and a few epochs do what plain gradient descent needs dozens
for. An average under a linear head is linear in the shares of a text's n-grams: after training, both are kept as their product.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from scipy.sparse import csr_array

from valence.errors import FailedRun
from valence.methods._average import AverageNetwork
from valence.methods._linear import OverNgrams
from valence.methods._weights import Weights, weigh
from valence.types import Task

MIN_STEPS = 200
"""Steps a small training set gets at least; five epochs of 20 texts would be five."""


class MeanEmbedding(OverNgrams):
    """Average the embeddings of a text's words and bigrams, then one linear layer."""

    paper: ClassVar[str] = "Joulin et al. (2016), arXiv:1607.01759"

    ngrams: PositiveInt = 2
    """Words of the longest n-gram."""
    dimension: PositiveInt = 16
    """Length of an embedding."""
    epochs: PositiveInt = 5
    """Passes over the training texts; small sets get as many as make 200 steps."""
    batch_size: PositiveInt = 64
    """Texts per step."""
    learning_rate: PositiveFloat = 0.1
    """Size of the first steps; it falls linearly to zero."""

    def learn(self, counts: csr_array, labels: NDArray[np.int64], task: Task) -> Weights:
        """Learn embeddings and head together; deterministic given the task's seed."""
        rng, per_epoch = np.random.default_rng(task.seed), -(-len(labels) // self.batch_size)
        epochs = max(self.epochs, -(-MIN_STEPS // per_epoch))
        net = AverageNetwork(counts.shape[1], self.dimension, len(task.labels), rng)
        shares = weigh(counts, "share", np.empty(0, np.float32))
        for epoch in range(epochs):
            order, loss = rng.permutation(len(labels)), 0.0
            for step, start in enumerate(range(0, len(order), self.batch_size)):
                rows = order[start : start + self.batch_size]
                loss += net.step(shares[rows], labels[rows], self.learning_rate * (1 - (epoch + step / per_epoch) / epochs))
            if not np.isfinite(loss):
                raise FailedRun(f"{self.name()}: the loss is {loss} in epoch {epoch + 1}. Lower learning_rate = {self.learning_rate}.")
            task.journal.log((epoch + 1) * per_epoch, loss=loss / len(labels))
            task.journal.progress(epoch + 1, epochs, f"loss {loss / len(labels):.3f}")
        return Weights(net.embeddings @ net.head, net.bias, np.empty(0, np.float32), "share")

"""Which texts share a batch: of similar length, as many as a budget of words allows, in an order that follows from the seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

JITTER = 0.1
"""Lengths are scaled by up to this much before sorting, so that no two epochs group the same texts."""

LEAST_STEPS = 32
"""Steps per epoch that even a small training set gets: with fewer, a few hundred texts would end before anything is learned."""

MOST_VALIDATIONS = 20
"""Validations of a training whose small set is passed over more often than its epochs say."""


def bucket(order: NDArray[np.intp], lengths: NDArray[np.int64], budget: int, texts: int | None = None) -> list[NDArray[np.intp]]:
    """Cut an order of texts into batches of at most `budget` words, padding counted.

    Args:
        order: (n,) texts, neighbours alike in length.
        lengths: (n,) words of each text.
        budget: words per batch; a text longer than that gets a batch of its own.
        texts: texts per batch at most, any number when not given.
    """
    batches, start, longest = [], 0, 0
    for end, length in enumerate(lengths[order].tolist()):
        longest = max(longest, length)
        if end > start and (longest * (end + 1 - start) > budget or end - start == texts):
            batches.append(order[start:end])
            start, longest = end, length
    return [*batches, order[start:]] if len(order) else []


def by_length(lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.intp]]:
    """Return batches for prediction, longest texts first, so that what does not fit into memory fails at once."""
    return bucket(np.argsort(-lengths, kind="stable"), lengths, budget)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every batch of a training, in order: a resumed training reads on from its step."""

    batches: tuple[NDArray[np.intp], ...]
    """The texts of step i."""
    epoch_ends: tuple[int, ...]
    """Steps done when epoch i is over; of many short ones only every so-many-th is named, and validated."""

    @classmethod
    def draw(
        cls, lengths: NDArray[np.int64], *, epochs: int, budget: int, seed: int, texts: int | None = None, minimum_steps: int = 0
    ) -> Plan:
        """Draw the batches of all epochs: sorted by jittered length, cut by the budget, shuffled.

        A set of texts too small for `LEAST_STEPS` batches is cut into about so many smaller ones, unless `texts` says how
        many texts a batch may hold: then a small set is passed over more often, until there are `minimum_steps`.
        """
        if texts is None:
            budget = min(budget, max(int(lengths.sum()) // LEAST_STEPS, int(lengths.max(initial=1))))
        batches: list[NDArray[np.intp]] = []
        ends: list[int] = []
        while len(ends) < epochs or 0 < len(batches) < minimum_steps:
            epoch = len(ends)
            rng = np.random.default_rng([seed, epoch])
            jittered = lengths * rng.uniform(1 - JITTER, 1 + JITTER, len(lengths))
            cut = bucket(np.argsort(jittered, kind="stable"), lengths, budget, texts)
            batches += [cut[i] for i in rng.permutation(len(cut))]
            ends.append(len(batches))
        if len(ends) > max(epochs, MOST_VALIDATIONS):
            ends = [ends[i] for i in np.linspace(0, len(ends) - 1, MOST_VALIDATIONS + 1).astype(int)[1:]]
        return cls(tuple(batches), tuple(ends))

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return len(self.batches)

    @property
    def texts_per_step(self) -> float:
        """Mean number of texts in a batch."""
        return sum(map(len, self.batches)) / max(self.steps, 1)


__all__ = ["JITTER", "LEAST_STEPS", "Plan", "bucket", "by_length"]

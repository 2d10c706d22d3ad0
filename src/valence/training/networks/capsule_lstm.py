"""Capsules with dynamic routing over the states of a bidirectional LSTM (Sabour et al., 2017, arXiv:1710.09829)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from valence.training.networks.recurrent import RecurrentReader
from valence.training.networks.words import WordEmbedding, WordNetwork


def squash(vectors: Tensor, *, epsilon: float = 1e-9) -> Tensor:
    """Shrink the last dimension to a length below one, its direction kept (Sabour et al., 2017, equation 1).

    `|s|^2 / (1 + |s|^2) * s / |s|`: short vectors go to zero, long ones to length one.
    """
    square = vectors.square().sum(dim=-1, keepdim=True)
    return vectors * square / (1 + square) / (square + epsilon).sqrt()


def route(votes: Tensor, inside: Tensor, rounds: int, *, fixed: bool = False) -> tuple[Tensor, Tensor]:
    """Let the words of a text agree on its capsules (Sabour et al., 2017, procedure 1).

    Args:
        votes: (batch, time, capsules, size), what each word predicts for each capsule.
        inside: (batch, time) bool; what lies behind a text has no vote.
        rounds: iterations, at least one.
        fixed: pass no gradient through the couplings of all rounds but the last, as is usual in training: they only find
            the agreement. An explanation needs the whole gradient.

    Returns:
        The (batch, capsules, size) squashed capsules, and the (batch, time, capsules) couplings of the last round: they sum
        to one over the capsules at each of a text's own words and are zero behind it.
    """
    votes = votes * inside[..., None, None]
    logits = votes.new_zeros(votes.shape[:3])
    seen = votes.detach() if fixed else votes
    for _ in range(rounds - 1):
        couplings = torch.softmax(logits, dim=2) * inside[..., None]
        capsules = squash(torch.einsum("btc,btcs->bcs", couplings, seen))
        logits = logits + torch.einsum("btcs,bcs->btc", seen, capsules)
    couplings = torch.softmax(logits, dim=2) * inside[..., None]
    return squash(torch.einsum("btc,btcs->bcs", couplings, votes)), couplings


class CapsuleLstmNetwork(WordNetwork):
    """States of a bidirectional reader vote for capsules; the capsules give the logits."""

    one_shape = True

    def __init__(
        self, embedding: WordEmbedding, reader: RecurrentReader, labels: int, *, capsules: int, size: int, rounds: int, dropout: float
    ) -> None:
        super().__init__(embedding, capsules * size, labels, dropout=dropout)
        self.reader = reader
        self.votes = nn.Linear(reader.features, capsules * size, bias=False)
        self._shape = (capsules, size)
        self._rounds = rounds

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return the capsules of each text, end to end."""
        votes = self.votes(self.reader(vectors, lengths)).float()
        capsules, _ = route(votes.view(*votes.shape[:2], *self._shape), inside, self._rounds, fixed=self.training)
        return capsules.flatten(1)


__all__ = ["CapsuleLstmNetwork", "route", "squash"]

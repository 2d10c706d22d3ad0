"""Texts laid end to end on the device, in a new order for every epoch: what pretraining reads."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from valence.text.vocabulary import Tokens


class Texts:
    """n encoded texts, flat on one device, to be laid end to end."""

    def __init__(self, tokens: Tokens, separator: int, device: torch.device) -> None:
        """Take the texts and the id that stands before each of them and behind the last."""
        self.separator = separator
        self._ids = torch.from_numpy(np.ascontiguousarray(tokens.ids)).to(device)
        self._offsets = torch.from_numpy(np.ascontiguousarray(tokens.offsets)).to(device)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def device(self) -> torch.device:
        """Where the texts are."""
        return self._ids.device

    @property
    def words(self) -> int:
        """Length of a stream: all words and a separator for each text, and one at the end."""
        return len(self._ids) + len(self) + 1

    def shares(self, vocabulary: int) -> Tensor:
        """Return (vocabulary,) float32: the share of each id in a stream."""
        counts = torch.bincount(self._ids.long(), minlength=vocabulary).float()
        counts[self.separator] += len(self) + 1
        return counts / self.words

    def stream(self, seed: int, epoch: int) -> Tensor:
        """Return (words,) int32: the texts in the order of this epoch, a separator before each and one at the end."""
        order = torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(len(self))).to(self.device)
        starts = self._offsets[:-1][order]
        lengths = self._offsets[1:][order] - starts + 1
        ends = lengths.cumsum(0)
        # where a stream's place reads from: each text is shifted as a whole
        shift = torch.repeat_interleave(starts - (ends - lengths) - 1, lengths, output_size=self.words - 1)
        stream = self._ids[(torch.arange(self.words - 1, device=self.device) + shift).clamp_(min=0)]
        stream[ends - lengths] = self.separator
        return torch.cat([stream, stream.new_full((1,), self.separator)])


__all__ = ["Texts"]

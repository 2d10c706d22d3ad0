"""Encoded texts on a device, and batches cut from them without a Python loop over texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valence.text.vocabulary import PAD, Tokens


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts padded behind to the longest of them."""

    tokens: Tensor
    """(batch, time) int64 word ids, `PAD` behind each text."""
    lengths: Tensor
    """(batch,) int64 words of each text, kept on the CPU, where packing needs them."""
    labels: Tensor
    """(batch,) int64; -1 where unknown."""


class Examples:
    """n encoded texts, flat on one device."""

    def __init__(self, tokens: Tokens, labels: NDArray[np.int64] | None, device: torch.device) -> None:
        self.lengths = tokens.lengths
        """(n,) on the CPU, for planning."""
        self.ids = torch.from_numpy(np.concatenate([tokens.ids, np.array([PAD], np.int32)])).to(device)
        """(tokens + 1,) int32, all texts one behind the other, then one `PAD`."""
        self._starts = torch.from_numpy(tokens.offsets[:-1].copy()).to(device)
        self._lengths = torch.from_numpy(self.lengths).to(device)
        self._labels = torch.from_numpy(np.full(len(tokens), -1) if labels is None else np.asarray(labels, dtype=np.int64)).to(device)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def device(self) -> torch.device:
        """Where the batches are made."""
        return self.ids.device

    @property
    def labels(self) -> Tensor:
        """(n,) int64 on the device; -1 where unknown."""
        return self._labels

    def batch(self, rows: NDArray[np.intp]) -> Batch:
        """Gather the texts `rows`; one index operation on the device, no word passes through Python."""
        lengths = self.lengths[rows]
        index = torch.from_numpy(rows).to(self.ids.device, non_blocking=True)
        time = torch.arange(int(lengths.max()), device=self.ids.device)
        inside = time < self._lengths[index][:, None]
        # places behind a text read the sentinel PAD at the very end
        place = torch.where(inside, self._starts[index][:, None] + time, len(self.ids) - 1)
        return Batch(self.ids[place].long(), torch.from_numpy(lengths), self._labels[index])


__all__ = ["Batch", "Examples"]

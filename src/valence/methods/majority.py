"""The class frequencies of the training texts, whatever the text: what knowing nothing is worth (a ZeroR rule; Holte, 1993)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from valence.methods._weights import Floats, class_frequencies
from valence.types import Classifier, Method, Predictions, Size, Split, Task


class Majority(Method):
    """Answers every text with the class frequencies of the training texts."""

    paper: ClassVar[str] = "Holte (1993), doi:10.1023/A:1022631118932"
    constant_by_design: ClassVar[bool] = True
    learns_from_valid: ClassVar[bool] = True

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Count the labels of `train` and `valid`."""
        return Constant(class_frequencies(np.concatenate([train.labels, valid.labels]), len(task.labels)))

    def load(self, folder: Path, task: Task) -> Classifier:
        """Read the frequencies back."""
        return Constant(np.array(json.loads((folder / "frequencies.json").read_text(encoding="utf-8")), dtype=np.float32))


@dataclass(frozen=True)
class Constant:
    """Says the same about every text."""

    frequencies: Floats
    """(labels,)"""

    @property
    def size(self) -> Size:
        """One number per label."""
        return Size(len(self.frequencies), len(self.frequencies))

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Return the frequencies n times."""
        return Predictions(np.tile(self.frequencies, (len(texts), 1)))

    def save(self, folder: Path) -> None:
        """Write `frequencies.json`."""
        (folder / "frequencies.json").write_text(json.dumps(self.frequencies.tolist()), encoding="utf-8")

"""Linear probe: a logistic regression over a frozen encoder's states (Alain and Bengio, 2017, arXiv:1610.01644)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat

from valence.methods._embeddings import Embedded
from valence.methods._encoders import TINY_ENCODER
from valence.types import Classifier, Split, Task

TINY: Mapping[str, object] = {"backbone": TINY_ENCODER["backbone"], "max_length": 64}


class LinearProbe(Embedded):
    """Embed once with a frozen encoder, then learn a linear layer: what the encoder knows without being told."""

    paper: ClassVar[str] = "Alain and Bengio, 2017, arXiv:1610.01644"

    pooling: Literal["first", "mean"] = "mean"
    strengths: tuple[PositiveFloat, ...] = Field(default=(0.001, 0.01, 0.1, 1.0), min_length=1)
    """Inverse L2 penalties (C of scikit-learn) to choose from by the log-loss on the validation texts."""

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Embed and fit; nothing of the encoder changes."""
        from valence.training.device import resolve_device
        from valence.training.encoders.embedding import embed, fit_linear
        from valence.training.prediction import accuracy_and_loss

        device = resolve_device(task.device)
        origin = self.find_backbone()
        subwords = origin.subwords()
        task.journal.progress(0, 1, f"embedding {len(train) + len(valid):,} texts")
        network = self.wrap(origin.model(task.labels)).to(device).eval()
        learn, check = (embed(network, self.examples(subwords, part, device)) for part in (train, valid))
        found = [fit_linear(learn, train.labels, len(task.labels), strength) for strength in self.strengths]
        figures = [accuracy_and_loss(linear(check), valid.labels) for linear in found]
        for step, (accuracy, loss) in enumerate(figures, start=1):
            task.journal.log(step, strength=self.strengths[step - 1], valid_accuracy=accuracy, valid_loss=loss)
        best = min(range(len(found)), key=lambda i: figures[i][1])
        return self.classifier(network, found[best], subwords, origin, device, frozen=True)

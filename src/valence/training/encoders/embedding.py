"""A linear layer over a pretrained encoder's pooled states: embed, fit, predict, save, reload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from valence.errors import BadData
from valence.text.subwords import Subwords
from valence.text.vocabulary import Keep
from valence.training.encoders.backbone import WEIGHTS, Backbone
from valence.training.encoders.classifier import ORIGIN, state_for_saving, whole_model
from valence.training.encoders.network import EncoderNetwork
from valence.training.examples import Examples
from valence.training.prediction import log_softmax, predict_logits
from valence.types import Predictions, Size

LINEAR = "linear.safetensors"


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights over the numbers of an embedding."""

    weights: NDArray[np.float64]
    """(width, labels)"""
    intercept: NDArray[np.float64]
    """(labels,)"""

    def __call__(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n, labels) logits; a row depends on its own embedding alone."""
        # einsum, not a matrix product: BLAS rounds a row by how many others stand beside it
        logits: NDArray[np.float32] = (np.einsum("nd,dk->nk", embeddings.astype(np.float64), self.weights) + self.intercept).astype(
            np.float32
        )
        return logits


def fit_linear(embeddings: NDArray[np.float32], labels: NDArray[np.int64], classes: int, strength: float) -> Linear:
    """Fit a logistic regression on standardised embeddings, and fold the standardisation into its weights.

    Args:
        embeddings: (n, width)
        labels: (n,)
        classes: number of labels; one that does not occur gets the least probability.
        strength: C of scikit-learn, the inverse of the L2 penalty.
    """
    mean, scale = embeddings.mean(axis=0, dtype=np.float64), embeddings.std(axis=0, dtype=np.float64)
    scale = np.where(scale > 1e-8, scale, 1.0)
    present = np.unique(labels)
    weights, intercept = np.zeros((embeddings.shape[1], classes)), np.full(classes, -30.0)
    if len(present) == 1:
        intercept[present] = 0.0
        return Linear(weights, intercept)
    found = LogisticRegression(C=strength, max_iter=2000).fit((embeddings - mean) / scale, labels)
    coefficients, offsets = found.coef_, found.intercept_
    if len(present) == 2:  # scikit-learn keeps the log-odds of the second label only
        coefficients, offsets = np.vstack([-coefficients, coefficients]) / 2, np.array([-offsets[0], offsets[0]]) / 2
    weights[:, present] = coefficients.T / scale[:, None]
    intercept[present] = offsets - mean @ weights[:, present]
    return Linear(weights, intercept)


class EmbeddingClassifier:
    """An encoder whose pooled states a linear layer reads; its own head is not used."""

    def __init__(
        self,
        network: EncoderNetwork,
        linear: Linear,
        subwords: Subwords,
        origin: Backbone,
        *,
        max_length: int,
        keep: Keep,
        device: torch.device,
        frozen: bool,
    ) -> None:
        self.network = network
        self.linear = linear
        self.subwords = subwords
        self.origin = origin
        self.max_length = max_length
        self.keep = keep
        self.device = device
        self._frozen = frozen

    @property
    def size(self) -> Size:
        """Parameter counts; of the encoder's own head none."""
        body = sum(p.numel() for p in self.network.kind.body.parameters())
        own = self.linear.weights.size + self.linear.intercept.size
        return Size(own + (0 if self._frozen else body), own + body)

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself."""
        return Predictions(np.exp(log_softmax(self.logits(texts))).astype(np.float32))

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, labels) float32 logits."""
        tokens = self.subwords.encode(texts, self.max_length, self.keep)
        if not len(tokens):
            return np.zeros((0, len(self.linear.intercept)), dtype=np.float32)
        return self.linear(embed(self.network, Examples(tokens, None, self.device)))

    def save(self, folder: Path) -> None:
        """Write the linear layer, and the encoder, or its name and digest where it is as it was found."""
        self.subwords.save(folder)
        arrays = {"weights": torch.from_numpy(self.linear.weights), "intercept": torch.from_numpy(self.linear.intercept)}
        save_file({name: array.contiguous() for name, array in arrays.items()}, folder / LINEAR)
        if self._frozen:
            self.origin.record(folder / ORIGIN)
        else:
            save_file(state_for_saving(self.network.model), folder / WEIGHTS, metadata={"format": "pt"})
            self.network.model.config.save_pretrained(folder)


def embed(network: EncoderNetwork, examples: Examples) -> NDArray[np.float32]:
    """Return (n, width) pooled states, each of length 1: what sentence encoders are compared by."""

    def read(tokens: Tensor, lengths: Tensor) -> Tensor:
        return torch.nn.functional.normalize(network.pooled(tokens, lengths).float(), dim=1)

    return predict_logits(network, examples, read=read)


def load_embedding(folder: Path, wrap: Any, labels: Sequence[str], **reading: Any) -> EmbeddingClassifier:  # noqa: ANN401
    """Read back what `EmbeddingClassifier.save` wrote.

    Args:
        folder: the model folder.
        wrap: makes the network around transformers' model.
        labels: the labels' names.
        reading: `max_length`, `keep` and `device`, as the classifier takes them.

    Raises:
        BadData: the folder holds no such model, or its backbone is not the one it was learned over.
    """
    frozen = (folder / ORIGIN).is_file()
    try:
        arrays = load_file(folder / LINEAR)
        linear = Linear(arrays["weights"].numpy(), arrays["intercept"].numpy())
        if frozen:
            origin = Backbone.recorded(folder / ORIGIN)
            network = wrap(origin.model(labels))
        else:
            origin, model = whole_model(folder, labels)
            network = wrap(model)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise BadData(f"{folder} does not hold this encoder: {str(error).splitlines()[0]}") from error
    network = network.to(reading["device"]).eval()
    return EmbeddingClassifier(network, linear, Subwords.load(folder), origin, frozen=frozen, **reading)


__all__ = ["EmbeddingClassifier", "Linear", "embed", "fit_linear", "load_embedding"]

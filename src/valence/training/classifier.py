"""A trained word network with its vocabulary: predicts, saves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from valence.errors import BadData
from valence.text.vocabulary import Keep, Vocabulary
from valence.training.examples import Examples
from valence.training.networks.words import WordNetwork
from valence.training.prediction import log_softmax, predict_logits
from valence.types import Predictions, Size

WEIGHTS = "model.safetensors"
WORDS = "vocabulary.json"


class NetworkClassifier:
    """A network over word ids."""

    def __init__(self, network: WordNetwork, vocabulary: Vocabulary, *, max_length: int, keep: Keep, device: torch.device) -> None:
        self.network = network
        self.vocabulary = vocabulary
        self.device = device
        self.max_length = max_length
        """Words of a text that are read."""
        self.keep: Keep = keep
        """Which of them."""

    @property
    def size(self) -> Size:
        """Parameter counts."""
        parameters = list(self.network.parameters())
        return Size(sum(p.numel() for p in parameters if p.requires_grad), sum(p.numel() for p in parameters))

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself."""
        logits = self.logits(texts)
        return Predictions(np.exp(log_softmax(logits)).astype(np.float32))

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, labels) float32 logits."""
        tokens = self.vocabulary.encode(texts).cut(self.max_length, self.keep)
        if not len(tokens):
            return np.zeros((0, self.network.head.out_features), dtype=np.float32)
        return predict_logits(self.network, Examples(tokens, None, self.device))

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors and the vocabulary as JSON."""
        weights = {k: v.detach().cpu().contiguous() for k, v in self.network.state_dict().items()}
        save_file(weights, folder / WEIGHTS)
        self.vocabulary.save(folder / WORDS)


def load_classifier(
    folder: Path, build: Callable[[Tensor], WordNetwork], *, max_length: int, keep: Keep, device: torch.device
) -> NetworkClassifier:
    """Read back what `NetworkClassifier.save` wrote.

    Args:
        folder: the model folder.
        build: makes the network from its (words, dimension) table of word vectors.
        max_length: words of a text that are read.
        keep: which of them.
        device: where the network is to run.

    Raises:
        BadData: the folder holds no such model, or one of another shape.
    """
    vocabulary = Vocabulary.load(folder / WORDS)
    try:
        weights = load_file(folder / WEIGHTS)
        network = build(weights["embedding.table.weight"])
        network.load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise BadData(f"{folder / WEIGHTS} does not hold this network: {str(error).splitlines()[0]}") from error
    return NetworkClassifier(network.to(device).eval(), vocabulary, max_length=max_length, keep=keep, device=device)


__all__ = ["NetworkClassifier", "load_classifier"]

"""A fitted encoder: predicts, saves what was learned, reloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from valence.errors import BadData
from valence.text.subwords import Subwords
from valence.text.vocabulary import Keep
from valence.training.encoders.backbone import WEIGHTS, Backbone, kind_of, named
from valence.training.encoders.network import EncoderNetwork
from valence.training.examples import Examples
from valence.training.optimisation import learned_state
from valence.training.prediction import log_softmax, predict_logits
from valence.types import Predictions, Size

ADAPTER = "adapter.safetensors"
"""What was learned over a backbone that was not: virtual tokens, thin matrices, and always the head."""
ORIGIN = "backbone.json"


class EncoderClassifier:
    """An encoder over subwords."""

    def __init__(
        self, network: EncoderNetwork, subwords: Subwords, origin: Backbone, *, max_length: int, keep: Keep, device: torch.device
    ) -> None:
        self.network = network
        self.subwords = subwords
        self.origin = origin
        self.max_length = max_length
        self.keep = keep
        self.device = device

    @property
    def size(self) -> Size:
        """Parameter counts."""
        parameters = list(self.network.parameters())
        return Size(sum(p.numel() for p in parameters if p.requires_grad), sum(p.numel() for p in parameters))

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself."""
        return Predictions(np.exp(log_softmax(self.logits(texts))).astype(np.float32))

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, labels) float32 logits."""
        tokens = self.subwords.encode(texts, self.max_length, self.keep)
        if not len(tokens):
            return np.zeros((0, self.network.model.config.num_labels), dtype=np.float32)
        return predict_logits(self.network, Examples(tokens, None, self.device))

    def save(self, folder: Path) -> None:
        """Write a folder that plain transformers loads, or, over a frozen backbone, what was learned beside its name and digest."""
        self.subwords.save(folder)
        if all(p.requires_grad for p in self.network.parameters()):
            save_file(state_for_saving(self.network.model), folder / WEIGHTS, metadata={"format": "pt"})
            self.network.model.config.save_pretrained(folder)
            return
        learned = {name: v.cpu().contiguous().clone() for name, v in learned_state(self.network).items()}
        save_file(learned, folder / ADAPTER)
        self.origin.record(folder / ORIGIN)


def load_encoder(
    folder: Path, wrap: Callable[[Any], EncoderNetwork], labels: Sequence[str], *, max_length: int, keep: Keep, device: torch.device
) -> EncoderClassifier:
    """Read back what `EncoderClassifier.save` wrote.

    Args:
        folder: the model folder.
        wrap: makes the network, adapted as it was for training, around transformers' model.
        labels: the labels' names.
        max_length: tokens of a text that are read.
        keep: which of them.
        device: where the network is to run.

    Raises:
        BadData: the folder holds no such model, or its backbone is not the one it was learned over.
    """
    subwords = Subwords.load(folder)
    try:
        if (folder / ORIGIN).is_file():
            origin, network = _adapter(folder, wrap, labels)
        else:
            origin, model = whole_model(folder, labels)
            network = wrap(model)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise BadData(f"{folder} does not hold this encoder: {str(error).splitlines()[0]}") from error
    return EncoderClassifier(network.to(device).eval(), subwords, origin, max_length=max_length, keep=keep, device=device)


def state_for_saving(model: nn.Module) -> dict[str, Tensor]:
    """Return a model's state on the CPU, as safetensors takes it."""
    return {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}


def whole_model(folder: Path, labels: Sequence[str]) -> tuple[Backbone, Any]:
    """Return transformers' classifier with all its weights from a model folder, which is its own backbone."""
    from transformers import AutoModelForSequenceClassification

    origin = Backbone(str(folder), str(folder))
    config = named(origin.config(), labels)
    build: Any = AutoModelForSequenceClassification.from_config
    model = build(config, attn_implementation=kind_of(config).implementation)
    model.load_state_dict(load_file(folder / WEIGHTS))
    return origin, model


def _adapter(folder: Path, wrap: Callable[[Any], EncoderNetwork], labels: Sequence[str]) -> tuple[Backbone, EncoderNetwork]:
    origin = Backbone.recorded(folder / ORIGIN)
    network = wrap(origin.model(labels))
    learned = load_file(folder / ADAPTER)
    wanted = learned_state(network).keys()
    if wanted != learned.keys():
        raise BadData(f"{folder / ADAPTER} holds {len(learned)} tensors, this method learns {len(wanted)}.")
    network.load_state_dict(learned, strict=False)
    return origin, network


__all__ = ["ADAPTER", "ORIGIN", "EncoderClassifier", "load_encoder", "state_for_saving", "whole_model"]

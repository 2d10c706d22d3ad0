"""The family of methods that put a linear layer over an encoder's pooled states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from valence.methods._encoders import Pretrained
from valence.types import Classifier, Task

if TYPE_CHECKING:
    import torch

    from valence.text.subwords import Subwords
    from valence.training.encoders.backbone import Backbone
    from valence.training.encoders.embedding import Linear
    from valence.training.encoders.network import EncoderNetwork


class Embedded(Pretrained):
    """A linear layer over a pretrained encoder."""

    def wrap(self, model: Any) -> EncoderNetwork:  # noqa: ANN401 - transformers' classes are untyped
        """Make the network around transformers' model; its own head plays no part."""
        from valence.training.encoders.network import EncoderNetwork

        network = EncoderNetwork(model, pooling=self.pooling)
        network.precision = getattr(self, "precision", "auto")  # a probe trains nothing and has no such setting
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(not name.startswith(network.kind.head))
        return network

    def classifier(
        self, network: EncoderNetwork, linear: Linear, subwords: Subwords, origin: Backbone, device: torch.device, *, frozen: bool
    ) -> Classifier:
        """Put the parts together."""
        from valence.training.encoders.embedding import EmbeddingClassifier

        reading = {"max_length": self.max_length, "keep": self.keep, "device": device}
        return EmbeddingClassifier(network, linear, subwords, origin, frozen=frozen, **reading)  # type: ignore[arg-type]

    def load(self, folder: Path, task: Task) -> Classifier:
        """Read back the linear layer, and the encoder."""
        from valence.training.device import resolve_device
        from valence.training.encoders.embedding import load_embedding

        reading = {"max_length": self.max_length, "keep": self.keep, "device": resolve_device(task.device)}
        return load_embedding(folder, self.wrap, task.labels, **reading)

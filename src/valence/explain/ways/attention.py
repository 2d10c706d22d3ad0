"""Attention weights: where the network looked, not what it made of it (Jain & Wallace, 2019, arXiv:1902.10186)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from valence.explain.reading import can_read, read
from valence.explain.way import Attribution, Progress, Way
from valence.types import Classifier


class AttentionWeights(Way):
    """Show the weights of the layer that sums the words up."""

    paper: ClassVar[str] = "Yang et al., 2016, doi:10.18653/v1/N16-1174; Jain & Wallace, 2019, arXiv:1902.10186"
    meaning: ClassVar[str] = "Share of the word in the sum the network classifies: how much, not which way."
    rank: ClassVar[int] = 95  # never by itself: it has no direction
    signed: ClassVar[bool] = False

    def why_not(self, classifier: Classifier) -> str:
        """Fit the networks with an attention over time."""
        return "" if _layers(classifier) else "its network has no attention over the words"

    def attribute(self, classifier: Classifier, text: str, label: int, progress: Progress) -> Attribution:
        """Read the text once and keep the weights; of several such layers, their mean."""
        import torch

        reading, seen = read(classifier, text), []

        def keep(layer: Any, inputs: Any, named: Any, output: Any) -> None:  # noqa: ANN401 - what torch passes to a hook
            seen.append(layer.weights(*inputs, **named)[0])

        hooks = [layer.register_forward_hook(keep, with_kwargs=True) for layer in _layers(classifier)]
        try:
            with torch.no_grad():
                reading.logits(reading.vectors)
        finally:
            for hook in hooks:
                hook.remove()
        weights = torch.stack(seen).mean(dim=0).double().cpu().numpy()
        return Attribution(reading.spans, np.asarray(weights), unread=reading.unread)


def _layers(classifier: Classifier) -> list[Any]:
    network = getattr(classifier, "network", None)
    if network is None or not can_read(classifier):
        return []
    from valence.training.networks.pooling import Attention

    return [layer for layer in network.modules() if isinstance(layer, Attention)]

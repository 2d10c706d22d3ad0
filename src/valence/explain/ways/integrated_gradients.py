"""Integrated gradients: the gradient along the way from a text that says nothing (Sundararajan et al., 2017, arXiv:1703.01365)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.errors import MissingPackage
from valence.explain.reading import Reading, can_read, read
from valence.explain.way import Attribution, Progress, Way
from valence.types import Classifier

if TYPE_CHECKING:
    from torch import Tensor

STEPS = (32, 128, 512, 1024)
"""Points on the way, tried until the scores add up."""
TOLERANCE = 0.01
"""Logits by which the scores may miss the change they explain."""
BUDGET = 32_768
"""Vectors per pass through the network; bounds the memory."""


class IntegratedGradients(Way):
    """Follow the logit from the baseline to the text, and give each word what its vector contributes."""

    paper: ClassVar[str] = "Sundararajan et al., 2017, arXiv:1703.01365"
    meaning: ClassVar[str] = "What the word's vector adds to the logit on the way from an empty text to this one."
    rank: ClassVar[int] = 20

    def why_not(self, classifier: Classifier) -> str:
        """Fit every classifier over vectors."""
        return "" if can_read(classifier) else "it is no network over word vectors"

    def attribute(self, classifier: Classifier, text: str, label: int, progress: Progress) -> Attribution:
        """Take more and more steps until the scores add up to `TOLERANCE`."""
        reading = read(classifier, text)
        for round_, steps in enumerate(STEPS):
            progress(round_, len(STEPS), f"{steps} steps")
            scores, change = _integrate(reading, label, steps)
            delta = abs(float(scores.sum()) - change)
            if delta <= TOLERANCE:
                break
        note = f"{steps} steps." if delta <= TOLERANCE else f"The scores miss the change by {delta:.2g} logits after {steps} steps."
        return Attribution(reading.spans, scores, change, reading.unread, note)


def _integrate(reading: Reading, label: int, steps: int) -> tuple[NDArray[np.float64], float]:
    """Return (time,) scores, summed over the numbers of each vector, and the logits between text and baseline."""
    try:
        from captum.attr import IntegratedGradients as Captum
    except ImportError:
        raise MissingPackage("captum", "explain", "Integrated gradients (--method occlusion works without)") from None
    import torch

    def margin(points: Tensor) -> Tensor:
        logits = reading.logits(points)
        others = logits.sum(dim=1) - logits[:, label]
        return logits[:, label] - others / (logits.shape[1] - 1)

    # cuDNN gives no gradient of a recurrent layer while dropout is off
    with torch.backends.cudnn.flags(enabled=False):
        found = Captum(margin).attribute(
            reading.vectors, reading.baseline, n_steps=steps, internal_batch_size=max(BUDGET // reading.vectors.shape[1], 1)
        )
        with torch.no_grad():
            change = float(margin(reading.vectors)) - float(margin(reading.baseline))
    return found[0].double().sum(dim=1).cpu().numpy(), change

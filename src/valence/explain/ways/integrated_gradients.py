"""Integrated gradients: the gradient along the way from a text that says nothing (Sundararajan et al., 2017, arXiv:1703.01365)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.errors import MissingPackage
from valence.explain.reading import Reading, can_read, read
from valence.explain.way import Attribution, Progress, Way
from valence.types import Classifier

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 8
"""Points on each stretch of the way."""
STRETCHES = 64
"""Stretches the way is cut into at most."""
TOLERANCE = 0.01
"""Logits by which the scores may miss the change they explain."""
SLACK = 5
"""How much more the stretches may miss in sum, without regard to sign."""
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
        """Cut the way finer where the scores do not add up, until they do to `TOLERANCE`.

        A recurrent network may change its mind on a thousandth of the way, which evenly spread points miss: a stretch is
        halved where the gradients and the logits at its two ends disagree most.
        """
        reading = read(classifier, text)
        way = _Path(reading, label)
        stretches = [way.stretch(0.0, 1.0)]
        change = way.logit(1.0) - way.logit(0.0)
        while not _adds_up(stretches) and len(stretches) < STRETCHES:
            progress(len(stretches), STRETCHES, f"{abs(sum(s.delta for s in stretches)):.3f} logits missing")
            worst = stretches.pop(max(range(len(stretches)), key=lambda i: abs(stretches[i].delta)))
            middle = (worst.start + worst.end) / 2
            stretches += [way.stretch(worst.start, middle), way.stretch(middle, worst.end)]
        scores = np.sum([s.scores for s in stretches], axis=0)
        note = f"{STEPS * len(stretches)} steps in {len(stretches)} stretches." if len(stretches) > 1 else f"{STEPS} steps."
        missed = abs(float(scores.sum()) - change)
        if missed > TOLERANCE:
            note = f"The scores miss the change by {missed:.2g} logits. {note}"
        return Attribution(reading.spans, scores, change, reading.unread, note)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of the way, as shares of it."""

    start: float
    end: float
    scores: NDArray[np.float64]
    """(time,)"""
    delta: float
    """Sum of the scores less the change of the logit."""


def _adds_up(stretches: Sequence[_Stretch]) -> bool:
    """Tell whether the whole misses little, and not only because its parts miss much on either side."""
    deltas = [s.delta for s in stretches]
    return abs(sum(deltas)) <= TOLERANCE and sum(map(abs, deltas)) <= SLACK * TOLERANCE


class _Path:
    """The straight way from the baseline to a text."""

    def __init__(self, reading: Reading, label: int) -> None:
        try:
            from captum.attr import IntegratedGradients as Captum
        except ImportError:
            raise MissingPackage("captum", "explain", "Integrated gradients (--method occlusion works without)") from None
        self._reading = reading
        self._label = label
        self._captum = Captum(self._margin)

    def stretch(self, start: float, end: float) -> _Stretch:
        """Integrate over a part; the parts of a straight way add up to the whole."""
        import torch

        size = max(BUDGET // self._reading.vectors.shape[1], 1)
        ends = (self._point(end), self._point(start))
        # cuDNN gives no gradient of a recurrent layer while dropout is off
        with torch.backends.cudnn.flags(enabled=False):
            found = self._captum.attribute(*ends, n_steps=STEPS, internal_batch_size=size)
        scores = found[0].double().sum(dim=1).cpu().numpy()
        return _Stretch(start, end, scores, float(scores.sum()) - (self.logit(end) - self.logit(start)))

    def logit(self, share: float) -> float:
        """Return the logit of the label, less the mean of the others, that far along the way."""
        import torch

        with torch.no_grad(), torch.backends.cudnn.flags(enabled=False):
            return float(self._margin(self._point(share)))

    def _point(self, share: float) -> Tensor:
        return self._reading.baseline + share * (self._reading.vectors - self._reading.baseline)

    def _margin(self, points: Tensor) -> Tensor:
        logits = self._reading.logits(points)
        own = logits[:, self._label]
        return own - (logits.sum(dim=1) - own) / (logits.shape[1] - 1)

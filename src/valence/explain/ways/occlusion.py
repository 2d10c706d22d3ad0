"""Occlusion: leave a word out and see what changes (Zeiler & Fergus, 2014, arXiv:1311.2901; Li et al., 2016, arXiv:1612.08220)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from valence.explain.spans import Span, locate
from valence.explain.way import Attribution, Progress, Way, margin
from valence.text.ngrams import WordRule
from valence.types import Classifier

TEXTS = 400
"""Texts predicted at most; in a longer text neighbouring words are left out together."""
CHUNK = 50
"""Texts predicted between two steps of the bar."""
LEAST = 1e-30
"""Smallest probability that is told from zero."""


class Occlusion(Way):
    """Ask the classifier again without each word; all it takes is `predict`."""

    paper: ClassVar[str] = "Zeiler & Fergus, 2014, arXiv:1311.2901; Li et al., 2016, arXiv:1612.08220"
    meaning: ClassVar[str] = "What the text's logit loses when the word is left out."
    rank: ClassVar[int] = 90

    def why_not(self, classifier: Classifier) -> str:
        """Fit every classifier."""
        return ""

    def attribute(self, classifier: Classifier, text: str, label: int, progress: Progress) -> Attribution:
        """Leave out one word at a time, or a few neighbours of a long text; they share what is lost evenly."""
        spans = locate(text, lambda texts: WordRule().split(texts).to_list())
        size = max(-(-len(spans) // TEXTS), 1)
        groups = [spans[i : i + size] for i in range(0, len(spans), size)]
        asked = [text, _without(text, spans), *(_without(text, group) for group in groups)]
        whole, empty, *rest = _margins(classifier, asked, label, progress)
        scores = [(whole - margin) / len(group) for margin, group in zip(rest, groups, strict=True) for _ in group]
        note = f"The text is long: {size} neighbouring words were left out at a time." if size > 1 else ""
        return Attribution(spans, np.array(scores, dtype=np.float64), float(whole - empty), note=note)


def _without(text: str, spans: Sequence[Span]) -> str:
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = end
    return " ".join([*kept, text[at:]])


def _margins(classifier: Classifier, texts: Sequence[str], label: int, progress: Progress) -> NDArray[np.float64]:
    found = []
    for start in range(0, len(texts), CHUNK):
        progress(start, len(texts), "leaving words out")
        probabilities = classifier.predict(texts[start : start + CHUNK]).probabilities.astype(np.float64)
        found.append(margin(np.log(np.maximum(probabilities, LEAST)), label))
    return np.concatenate(found)

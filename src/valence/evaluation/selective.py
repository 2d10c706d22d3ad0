"""Answer only where sure: accuracy against the share of texts that is answered (El-Yaniv & Wiener, 2010; Geifman & El-Yaniv, 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadData
from valence.evaluation.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """What the risk-coverage curve holds, one entry per number of texts answered, the surest first."""

    coverage: NDArray[np.float64]
    """(n,) 1/n, 2/n, ... 1."""
    risk: NDArray[np.float64]
    """(n,) share of the answered texts that is wrong; within equal confidences the mean over all their orders."""
    confidence: NDArray[np.float64]
    """(n,) the lowest confidence that is answered."""

    @property
    def area(self) -> float:
        """Area under the curve, the mean of `risk`: AURC (Geifman & El-Yaniv, 2017). Lower is better."""
        return float(self.risk.mean())

    @property
    def excess_area(self) -> float:
        """`area` less that of an order that puts every wrong answer last: E-AURC (Geifman, Uziel & El-Yaniv, 2019)."""
        n = len(self.risk)
        wrong = round(float(self.risk[-1]) * n)
        answered = np.arange(1, n + 1)
        return self.area - float((np.maximum(answered - (n - wrong), 0) / answered).mean())

    def accuracy_at(self, coverage: float) -> float:
        """Return the accuracy among the surest `coverage` of the texts, at least one of them."""
        return 1.0 - float(self.risk[_position(coverage, len(self.risk))])

    def confidence_at(self, coverage: float) -> float:
        """Return the confidence from which on this share of the texts is answered."""
        return float(self.confidence[_position(coverage, len(self.risk))])


def _position(coverage: float, n: int) -> int:
    return min(max(math.ceil(coverage * n - 1e-9), 1), n) - 1


def risk_coverage(outcomes: Outcomes) -> RiskCoverage:
    """Order the answers by confidence and count how many of the first 1, 2, ... n are wrong."""
    n = len(outcomes)
    order = np.argsort(-outcomes.confidence, kind="stable")
    confidence, wrong = outcomes.confidence[order], ~outcomes.correct[order]
    # ends[j]: number of texts at least as sure as the j-th distinct confidence
    ends = np.append(np.flatnonzero(np.diff(confidence)) + 1, n)
    errors = np.interp(np.arange(1, n + 1), np.append(0, ends), np.append(0, np.cumsum(wrong)[ends - 1]))
    answered = np.arange(1, n + 1)
    return RiskCoverage(answered / n, errors / answered, confidence)


@dataclass(frozen=True, slots=True)
class Selected:
    """What a confidence threshold lets through."""

    threshold: float
    coverage: float
    """Share of the texts answered."""
    accuracy: float
    """Among them; nan when there are none."""


def select_at(outcomes: Outcomes, threshold: float) -> Selected:
    """Answer the texts whose confidence is at least `threshold`.

    Raises:
        BadData: the threshold is not a number.
    """
    if math.isnan(threshold):
        raise BadData("A confidence threshold must be a number; got nan.")
    kept = outcomes.confidence >= threshold
    return Selected(threshold, float(kept.mean()), float(outcomes.correct[kept].mean()) if kept.any() else float("nan"))


@dataclass(frozen=True, slots=True)
class Deferral:
    """A first classifier that passes its least sure texts on to a second: one entry per threshold, rising."""

    threshold: NDArray[np.float64]
    """(t,) texts whose confidence is at most this are passed on; from 0, none, to 1, all."""
    share: NDArray[np.float64]
    """(t,) share of the texts passed on."""
    accuracy: NDArray[np.float64]
    """(t,) of both together."""

    def nearest(self, share: float) -> int:
        """Return the entry that passes on about this share."""
        return int(np.abs(self.share - share).argmin())


def deferral(first: Outcomes, second: Outcomes) -> Deferral:
    """Count what every threshold on the first one's confidence would give, from the answers of both to the same n texts."""
    n = len(first)
    order = np.argsort(first.confidence, kind="stable")
    confidence = first.confidence[order]
    ends = np.append(np.flatnonzero(np.diff(confidence)) + 1, n)
    gained = np.cumsum(second.correct[order].astype(np.int64) - first.correct[order])
    threshold = np.concatenate([[0.0], confidence[ends - 1]])
    threshold[-1] = 1.0  # surer texts may come: passing on all of these means all of those too
    share = np.append(0, ends) / n
    return Deferral(threshold, share, (first.correct.sum() + np.append(0, gained[ends - 1])) / n)

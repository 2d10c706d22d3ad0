"""Exact contributions: a linear classifier's logit is a sum over n-grams, and an n-gram is its words' (value times weight, no estimate)."""

from __future__ import annotations

from bisect import bisect_left
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from valence.explain.spans import locate
from valence.explain.way import Attribution, Progress, Way
from valence.methods._linear import LinearClassifier
from valence.methods._weights import Weights, weigh
from valence.text.ngrams import Ngrams
from valence.types import Classifier


class LinearContributions(Way):
    """Give each n-gram its term of the sum, in equal parts to where it stands and to its words."""

    paper: ClassVar[str] = "by construction: the terms of the linear score"
    meaning: ClassVar[str] = "The word's part of the n-grams it stands in, each n-gram counting its value times its weight."
    rank: ClassVar[int] = 10

    def why_not(self, classifier: Classifier) -> str:
        """Fit the linear methods over n-grams."""
        return "" if isinstance(classifier, LinearClassifier) else "it is not linear in n-grams"

    def attribute(self, classifier: Classifier, text: str, label: int, progress: Progress) -> Attribution:
        """Split the linear score; the change is the score less its intercept."""
        fitted = cast("LinearClassifier", classifier)
        ngrams, weights = fitted.ngrams, fitted.weights
        split = ngrams.rule.split
        words = split([text]).to_list()[0]
        spans = locate(text, lambda texts: split(texts).to_list())
        values = weigh(ngrams.count([text]), weights.weighting, weights.idf)
        terms = np.zeros(ngrams.size)
        terms[values.indices] = values.data * _toward(weights, values.indices, label)
        scores = spread(terms, places(ngrams, words))
        note = "" if len(values.indices) else "No n-gram of the text is known: the answer is the class frequencies of the training texts."
        return Attribution(spans, scores, float(terms.sum()), note=note)


def _toward(weights: Weights, columns: NDArray[np.int32], label: int) -> NDArray[np.float64]:
    """Return (columns,) weights toward `label`: of its own score where each label has one against the rest, else less the others' mean."""
    rows = weights.coefficients[columns].astype(np.float64)
    if rows.shape[1] == 1:
        return rows[:, 0] * (1.0 if label == 1 else -1.0)
    found: NDArray[np.float64] = rows[:, label]
    return found if weights.one_vs_rest else found - np.delete(rows, label, axis=1).mean(axis=1)


def places(ngrams: Ngrams, words: list[str]) -> list[NDArray[np.int64]]:
    """Return, for each order, the (words,) column of the n-gram that begins at each word, -1 where none is known."""
    number = np.array([_number(ngrams.words, word) for word in words], dtype=np.int64)
    found, below, offset = [number], number, len(ngrams.words)
    for order, keys in enumerate(ngrams.keys, start=2):
        last = np.append(number[order - 1 :], np.full(min(order - 1, len(number)), -1))[: len(number)]
        key = np.where((below >= 0) & (last >= 0), below * len(ngrams.words) + last, -1)
        at = np.minimum(np.searchsorted(keys, key), max(len(keys) - 1, 0))
        below = np.where((key >= 0) & (keys[at] == key), at, -1) if len(keys) else np.full(len(number), -1, dtype=np.int64)
        found.append(np.where(below >= 0, below + offset, -1))
        offset += len(keys)
    return found


def _number(words: tuple[str, ...], word: str) -> int:
    at = bisect_left(words, word)
    return at if words[at : at + 1] == (word,) else -1


def spread(terms: NDArray[np.float64], found: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return (words,) scores that add up to `terms`, (columns,): equal parts to each occurrence, and in it to each word."""
    scores = np.zeros(len(found[0]))
    for order, columns in enumerate(found, start=1):
        begins = np.flatnonzero(columns >= 0)
        occurrences = np.bincount(columns[begins], minlength=1)
        part = terms[columns[begins]] / occurrences[columns[begins]] / order
        for shift in range(order):
            np.add.at(scores, begins + shift, part)
    return scores

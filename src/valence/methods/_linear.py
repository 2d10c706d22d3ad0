"""What the linear methods share: n-grams in, a logistic regression on top, probabilities out.

A text with no known n-gram gets the class frequencies of the training texts: nothing was said, so nothing was learned about it.
"""

from __future__ import annotations

import json
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array
from scipy.special import log_expit, softmax

from valence.text.ngrams import WORDS_AND_MARKS, Ngrams, WordRule, learn_ngrams
from valence.types import Classifier, Method, Predictions, Size, Split, Task

Floats = NDArray[np.float32]

FEW_TEXTS = 500
"""Below this many training texts an n-gram seen once is kept: there is too little else to go by."""
UNSEEN = -20.0
"""Intercept of a label without a training text: its probability is about 2e-9, and finite."""


class Linear(Method):
    """N-grams of words, weighted, under a logistic regression."""

    ngrams: PositiveInt = 3
    """Words of the longest n-gram."""
    min_texts: PositiveInt = 2
    """Training texts that an n-gram must occur in; below 500 training texts, one is enough."""
    cost: PositiveFloat = 30.0
    """What a training error costs against the L2 norm of the weights: C in liblinear and scikit-learn."""
    word_pattern: str = WORDS_AND_MARKS
    """Regular expression of a word, as Rust reads it; text is in lower case by then."""
    keep_breaks: bool = False
    """Read the letters of an HTML break `<br />` as a word."""

    @abstractmethod
    def learn(self, counts: csr_array, labels: NDArray[np.int64], task: Task) -> Weights:
        """Learn weights from (n, features) counts and (n,) labels; at least two labels occur, and one feature."""

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Fit on `train` and `valid` together: nothing is chosen on `valid`."""
        texts, labels = (*train.texts, *valid.texts), np.concatenate([train.labels, valid.labels])
        prior = class_frequencies(labels, len(task.labels))
        min_texts = self.min_texts if len(texts) >= FEW_TEXTS else 1
        rule = WordRule(self.word_pattern, self.keep_breaks)
        ngrams, counts = learn_ngrams(texts, longest=self.ngrams, min_texts=min_texts, rule=rule, progress=task.journal.progress)
        task.journal.progress(0, 1, f"fitting {ngrams.size:,} weights")
        enough = ngrams.size > 0 and np.count_nonzero(prior) > 1
        weights = self.learn(counts, labels, task) if enough else Weights.constant(prior, ngrams.size)
        return LinearClassifier(ngrams, weights, prior)

    def load(self, folder: Path, task: Task) -> Classifier:
        """Read back what the classifier's `save` wrote."""
        stored = load_file(folder / "linear.safetensors")
        one_vs_rest = json.loads((folder / "linear.json").read_text(encoding="utf-8"))["one_vs_rest"]
        weights = Weights(stored["idf"], stored["coefficients"], stored["intercept"], one_vs_rest)
        return LinearClassifier(Ngrams.load(folder), weights, stored["prior"])


@dataclass(frozen=True)
class Weights:
    """A linear model over n-gram counts."""

    idf: Floats
    """(features,) factor of each n-gram before a text is scaled to length one; empty where presence alone counts."""
    coefficients: Floats
    """(features, 1) for the log-odds of the second of two labels, or (features, labels)."""
    intercept: Floats
    """(1,) or (labels,)"""
    one_vs_rest: bool = False
    """Whether each column tells its label from all others, instead of all columns sharing one softmax."""

    @classmethod
    def constant(cls, prior: Floats, features: int) -> Weights:
        """Return weights that answer every text with `prior`, (labels,)."""
        return cls(np.empty(0, np.float32), np.zeros((features, len(prior)), np.float32), np.log(np.maximum(prior, np.float32(1e-9))))

    def probabilities(self, counts: csr_array) -> Floats:
        """Return (n, labels) probabilities, in float64 until the last step."""
        scores = (weigh(counts, self.idf) @ self.coefficients + self.intercept).astype(np.float64)
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        found: Floats = softmax(log_expit(scores) if self.one_vs_rest else scores, axis=1).astype(np.float32)
        return found


@dataclass(frozen=True)
class LinearClassifier:
    """A fitted linear method."""

    ngrams: Ngrams
    weights: Weights
    prior: Floats
    """(labels,) class frequencies of the training texts."""

    @property
    def size(self) -> Size:
        """Coefficients and intercepts are learned from labels, idf factors from texts alone."""
        trained = self.weights.coefficients.size + self.weights.intercept.size
        return Size(trained, trained + self.weights.idf.size)

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself."""
        parts = self.ngrams.map(texts, self._predict)
        return Predictions(np.concatenate(parts) if parts else np.empty((0, len(self.prior)), np.float32))

    def _predict(self, counts: csr_array) -> Floats:
        found = self.weights.probabilities(counts)
        found[np.diff(counts.indptr) == 0] = self.prior
        return found

    def save(self, folder: Path) -> None:
        """Write the n-grams, `linear.safetensors` and `linear.json`."""
        self.ngrams.save(folder)
        arrays = {k: np.ascontiguousarray(getattr(self.weights, k)) for k in ("idf", "coefficients", "intercept")}
        save_file({**arrays, "prior": self.prior}, folder / "linear.safetensors")
        (folder / "linear.json").write_text(json.dumps({"one_vs_rest": self.weights.one_vs_rest}), encoding="utf-8")


def weigh(counts: csr_array, idf: Floats) -> csr_array:
    """Return (n, features) values of length one per text: (1 + log count) * idf, or presence where `idf` is empty."""
    data = (1 + np.log(counts.data)) * idf[counts.indices] if len(idf) else np.ones_like(counts.data)
    values = csr_array((data, counts.indices, counts.indptr), shape=counts.shape)
    squares = csr_array((data * data, counts.indices, counts.indptr), shape=counts.shape) @ np.ones(counts.shape[1], np.float32)
    values.data /= np.repeat(np.sqrt(squares), np.diff(counts.indptr))
    return values


def inverse_document_frequency(counts: csr_array) -> Floats:
    """Return (features,) log((1 + n) / (1 + texts with it)) + 1, as scikit-learn smooths it."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    idf: Floats = (np.log((1 + counts.shape[0]) / (1 + texts)) + 1).astype(np.float32)
    return idf


def class_frequencies(labels: NDArray[np.int64], classes: int) -> Floats:
    """Return (classes,) shares, summing to 1."""
    return (np.bincount(labels, minlength=classes) / len(labels)).astype(np.float32)


def logistic_regression(values: csr_array, labels: NDArray[np.int64], classes: int, cost: float) -> tuple[Floats, Floats]:
    """Minimise ½‖w‖² + cost * log loss; more than two labels share one softmax.

    Newton's method with conjugate gradients: on n-grams five outer steps, a seventh of L-BFGS's time, no randomness, float32 throughout.

    Returns:
        Coefficients (features, 1) for two labels, else (features, classes), and intercepts; a label that never occurs gets `UNSEEN`.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    coefficients, intercept = np.zeros((values.shape[1], 1 if classes == 2 else classes), np.float32), np.full(classes, UNSEEN, np.float32)
    seen = np.unique(labels)
    if len(seen) < 2:
        return coefficients, intercept[1:] if classes == 2 else intercept
    model = LogisticRegression(C=cost, solver="newton-cg", max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Line Search failed")  # float32 has reached its precision: no step improves the loss any more
        model.fit(values, labels)
    if classes == 2:
        return model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32)
    both = len(seen) > 2
    coefficients[:, seen if both else seen[1:]] = model.coef_.T
    intercept[seen] = model.intercept_ if both else (0, model.intercept_[0])
    return coefficients, intercept

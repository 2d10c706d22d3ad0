"""What the linear methods share: n-grams in, a linear model on top, probabilities out.

A text with no known n-gram gets the class frequencies of the training texts.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array

from valence.methods._weights import Floats, Weights, class_frequencies
from valence.text.ngrams import Ngrams, learn_ngrams
from valence.text.word_rule import WORDS_AND_MARKS, WordRule
from valence.types import Classifier, Method, Predictions, Size, Split, Task

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

FEW_TEXTS = 500
"""Below this many training texts an n-gram seen once is kept: there is too little else to go by."""
UNSEEN = -20.0
"""Intercept of a label without a training text: its probability is about 2e-9, and finite."""


class OverNgrams(Method):
    """A linear model over n-grams of words."""

    learns_from_valid: ClassVar[bool] = True

    ngrams: PositiveInt = 3
    """Words of the longest n-gram."""
    min_texts: PositiveInt = 3
    """Training texts that an n-gram must occur in; below 500 training texts, one is enough."""
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
        task.journal.progress(0, 1, f"fitting {ngrams.size:,} n-grams")
        enough = ngrams.size > 0 and np.count_nonzero(prior) > 1
        weights = self.learn(counts, labels, task) if enough else Weights.constant(prior, ngrams.size)
        return LinearClassifier(ngrams, weights, prior)

    def load(self, folder: Path, task: Task) -> Classifier:
        """Read back what the classifier's `save` wrote."""
        about = json.loads((folder / "linear.json").read_text(encoding="utf-8"))
        stored = load_file(folder / "linear.safetensors")
        prior = stored.pop("prior")
        weights = Weights(stored["coefficients"], stored["intercept"], stored["idf"], about["weighting"], about["one_vs_rest"])
        return LinearClassifier(Ngrams.load(folder), weights, prior)


class Logistic(OverNgrams):
    """A logistic regression over n-grams of words."""

    cost: PositiveFloat = 30.0
    """What a training error costs against the L2 norm of the weights: C in liblinear and scikit-learn."""


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
        learned = self.weights.coefficients.size + self.weights.intercept.size
        return Size(learned, learned + self.weights.idf.size)

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
        about = {"weighting": self.weights.weighting, "one_vs_rest": self.weights.one_vs_rest}
        (folder / "linear.json").write_text(json.dumps(about), encoding="utf-8")


def logistic_regression(values: csr_array, labels: NDArray[np.int64], classes: int, cost: float) -> tuple[Floats, Floats]:
    """Minimise ½‖w‖² + cost * log loss; more than two labels share one softmax.

    Returns:
        Coefficients (features, 1) for two labels, else (features, classes), and intercepts; a label that never occurs gets `UNSEEN`.
    """
    seen, columns = np.unique(labels), 1 if classes == 2 else classes
    coefficients, intercept = np.zeros((values.shape[1], columns), np.float32), np.full(columns, UNSEEN, np.float32)
    if len(seen) < 2:
        return coefficients, intercept
    found = _solver(cost, len(seen)).fit(values, labels)
    own = seen[-found.coef_.shape[0] :] if columns > 1 else [0]
    if columns > 1:
        intercept[seen[0]] = 0.0  # where two of several labels occur, the second is measured against the first
    coefficients[:, own] = found.coef_.T
    intercept[own] = found.intercept_
    return coefficients, intercept


def _solver(cost: float, labels: int) -> LogisticRegression:
    """Return the faster of two that reach the optimum; scikit-learn's own L-BFGS takes four times as long on IMDB, and stops short of it.

    Two labels: dual coordinate descent (Yu, Huang & Lin, 2011), which draws its order from `random_state`. More: Newton's method.
    """
    from sklearn.linear_model import LogisticRegression

    if labels == 2:
        return LogisticRegression(C=cost, solver="liblinear", dual=True, tol=0.05, max_iter=10_000, random_state=0)
    return LogisticRegression(C=cost, solver="newton-cg", tol=1e-5, max_iter=1000)

"""The scikit-learn face: any method as an estimator, for `cross_val_score`, `Pipeline` and `GridSearchCV`.

from valence import SentimentClassifier
SentimentClassifier("nb_svm").fit(texts, labels).predict(["A joy from start to end."])
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from valence.data.subsample import hold_out
from valence.errors import BadData
from valence.experiment import experiment
from valence.runner import load
from valence.store import RunStore
from valence.types import Journal, Split, Task

if TYPE_CHECKING:
    from valence.types import Classifier


class SentimentClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Any method or preset by name, over a list of texts.

    Args:
        method: a preset's or a method's name.
        settings: the method's settings that differ from the preset's, by name.
        seed: everything random follows from it.
        valid_fraction: share of the training texts held out for early stopping and other choices.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
    """

    classes_: NDArray[Any]
    """(k,) the labels as they were given, sorted."""

    def __init__(
        self,
        method: str = "tfidf_linear",
        *,
        settings: dict[str, Any] | None = None,
        seed: int = 0,
        valid_fraction: float = 0.1,
        device: str = "auto",
    ) -> None:
        self.method = method
        self.settings = settings
        self.seed = seed
        self.valid_fraction = valid_fraction
        self.device = device

    def fit(self, X: Sequence[str], y: ArrayLike) -> Self:
        """Learn from n texts and their n labels, which may be of any sortable type.

        Raises:
            BadData: fewer than two classes, or not one label per text.
        """
        texts, given = _texts(X), np.asarray(y)
        if len(texts) != len(given):
            raise BadData(f"{len(texts)} texts were given with {len(given)} labels; each text needs one.")
        self.classes_, index = np.unique(given, return_inverse=True)
        if len(self.classes_) < 2:
            raise BadData(f"All {len(texts)} labels are {self.classes_.tolist()}; a classifier needs two classes or more.")
        chosen = experiment(self.method, **(self.settings or {}), valid_fraction=self.valid_fraction)
        split = Split(tuple(map(str, range(len(texts)))), texts, index.astype(np.int64).reshape(-1))
        train, valid = hold_out(split, self.valid_fraction, seed=self.seed)
        labels = tuple(str(c) for c in self.classes_)
        self.classifier_: Classifier = chosen.method.fit(train, valid, Task(labels, self.seed, device=self.device, journal=Journal()))
        return self

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, k) probabilities, columns in the order of `classes_`."""
        if not hasattr(self, "classifier_"):
            raise NotFittedError("This SentimentClassifier is not fitted yet. Call fit(texts, labels) first.")
        return self.classifier_.predict(_texts(X)).probabilities

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return (n,) labels, of the type they were given in."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - scikit-learn's own tag type
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise BadData("A single string was given where a list of texts is expected. Wrap it: [text].")
    texts = tuple(values)
    wrong = next((i for i, text in enumerate(texts) if not isinstance(text, str)), None)
    if wrong is not None:
        raise BadData(f"Text {wrong} is a {type(texts[wrong]).__name__}, not a string.")
    return tuple(str(text) for text in texts)


def load_classifier(run: str, store: str | os.PathLike[str] = "runs", *, device: str = "auto") -> SentimentClassifier:
    """Return the classifier of a finished run, fitted, its classes named as in the data set.

    Raises:
        UnknownName: no run is called so.
        BadSetting: the run holds no model.
    """
    classifier, record = load(run, RunStore(store), device=device)
    fitted = SentimentClassifier(record.preset, seed=record.seed, device=device)
    fitted.classifier_, fitted.classes_ = classifier, np.asarray(record.labels)
    return fitted

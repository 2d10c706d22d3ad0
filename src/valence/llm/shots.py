"""Examples for a prompt, picked from the training texts only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from valence.types import Split

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Pick = Literal["stratified", "nearest"]
AT_ONCE = 512
"""Reviews whose similarity to all training texts is held at a time."""


def stratified(train: Split, shots: int, labels: int, seed: int) -> list[int]:
    """Return rows of `train`: equally many of each label as far as that goes, drawn and ordered by the seed.

    No label is named twice while another with texts left has been named less; the last rounds are drawn among the labels.
    """
    rng = np.random.default_rng(seed)
    left = [list(rng.permutation(np.flatnonzero(train.labels == label))) for label in range(labels)]
    found: list[int] = []
    while len(found) < shots and any(left):
        round_ = [int(rows.pop()) for rows in left if rows]
        rng.shuffle(round_)
        found.extend(round_[: shots - len(found)])
    rng.shuffle(found)
    return found


class Neighbours(Protocol):
    """Finds training texts that resemble a review."""

    def nearest(self, texts: Sequence[str], shots: int) -> NDArray[np.int64]:
        """Return (n, shots) rows of the training texts, the most similar last: it then stands next to the question."""


@dataclass(frozen=True)
class Similar:
    """Similarity as the cosine of unit vectors, one per text (Liu et al., 2022, doi:10.18653/v1/2022.deelio-1.10)."""

    encode: Encoder
    rows: csr_array | NDArray[np.float32]
    """(training texts, features), of length one."""

    def nearest(self, texts: Sequence[str], shots: int) -> NDArray[np.int64]:
        """Return (n, shots) rows, the most similar last; of equal ones the first."""
        k = min(shots, self.rows.shape[0])
        parts = [np.empty((0, k), np.int64)]
        for start in range(0, len(texts), AT_ONCE):
            found = self.encode(texts[start : start + AT_ONCE]) @ self.rows.T
            near = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
            parts.append(np.argsort(-near, axis=1, kind="stable")[:, :k][:, ::-1].astype(np.int64))
        return np.concatenate(parts)


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    def __call__(self, texts: Sequence[str]) -> csr_array | NDArray[np.float32]:
        """Return (n, features)."""


def by_words(texts: Sequence[str]) -> Similar:
    """Compare tf-idf vectors of words and pairs of words, learned from the training texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1, dtype=np.float32, token_pattern=r"\S+")
    try:
        rows = vectorizer.fit_transform(texts)
    except ValueError:  # not one word in all of them
        rows = vectorizer.fit_transform(["-"] * len(texts))
    return Similar(vectorizer.transform, rows)


def by_meaning(texts: Sequence[str], folder: str, device: str) -> Similar:
    """Compare mean token states of an encoder (a sentence-transformers folder, say)."""
    from valence.llm.sentences import SentenceEncoder

    encode = SentenceEncoder(folder, device)
    return Similar(encode, encode(texts))

"""What is wrong with a data set before anything is trained on it: duplicates, leaks into test, conflicting or missing labels.

    valence audit imdb

The report names reviews by `split/id` and never holds their text, so it can be published.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from valence.data._audit_report import AuditReport, ExactGroup, Near, Overlap, SplitFacts
from valence.data._near import NearPair, Progress, near_pairs
from valence.data._texts import plain, text_keys
from valence.types import UNLABELED, Corpus, Split

ORDER = ("train", "dev", "test", "unlabeled")
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def audit(corpus: Corpus, threshold: float = 0.8, progress: Progress | None = None) -> AuditReport:
    """Look through all splits.

    Near duplicates are searched among the distinct texts; of the pairs right at the threshold 1 % may be missed, fewer
    above it, and a text with more than 100 likely partners is compared with 100 of them.

    Args:
        corpus: any data set.
        threshold: Jaccard index of two texts' word triples, from 0.5 to 1, from which on they are near duplicates.
        progress: called as progress(done, total, note).

    Raises:
        MissingPackage: datasketch is not installed.
        BadSetting: the threshold is not in [0.5, 1].
    """
    names = [n for n in (*ORDER, *sorted(set(corpus.splits) - set(ORDER))) if n in corpus.splits]
    rows = _Rows.of(corpus, names)
    tell = progress or (lambda done, total, note: None)
    # The search names whatever is missing or out of range, so it goes before the slow work of the other parts.
    pairs = list(near_pairs(rows.texts, rows.first.tolist(), threshold, tell))
    return AuditReport(
        data=corpus.name,
        digest=corpus.digest,
        threshold=threshold,
        splits={n: _facts(corpus.splits[n], corpus.labels, labelled=n != "unlabeled") for n in names},
        overlaps=tuple(_overlaps(rows, pairs, names)),
        exact=tuple(_exact(rows)),
        near=tuple(_near(rows, pairs)),
    )


class _Rows:
    """All rows of a corpus in one order, and which of them share a text."""

    def __init__(self, names: list[str], splits: list[Split]) -> None:
        self.names = [f"{n}/{i}" for n, s in zip(names, splits, strict=True) for i in s.ids]
        self.texts = [t for s in splits for t in s.texts]
        self.labels = np.concatenate([s.labels for s in splits])
        self.split = np.repeat(np.arange(len(splits)), [len(s) for s in splits])
        keys = text_keys(self.texts, plain)
        _, self.first, self.group = np.unique(keys, return_index=True, return_inverse=True)

    @classmethod
    def of(cls, corpus: Corpus, names: list[str]) -> _Rows:
        return cls(names, [corpus.splits[n] for n in names])

    def members(self) -> list[NDArray[np.intp]]:
        """Return the rows of every text that occurs more than once, by its first row."""
        order = np.argsort(self.group, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(self.group[order])) + 1)
        return sorted((p for p in parts if len(p) > 1), key=lambda p: int(p[0]))

    def starts(self, k: int) -> NDArray[np.intp]:
        """Return (g, k): the first row of each text in each of k splits, the number of all rows where it has none."""
        start = np.full((len(self.first), k), len(self.texts))
        np.minimum.at(start, (self.group, self.split), np.arange(len(self.texts)))
        return start

    def conflict(self, rows: Iterable[int]) -> bool:
        """Tell whether the labelled ones among the rows differ."""
        return len({int(self.labels[r]) for r in rows} - {UNLABELED}) > 1


def _facts(split: Split, labels: tuple[str, ...], labelled: bool) -> SplitFacts:
    words = [len(t.split()) for t in split.texts]
    counts = np.bincount(split.labels + 1, minlength=len(labels) + 1).tolist()
    return SplitFacts(
        rows=len(split),
        classes=dict(zip(labels, counts[1:], strict=True)),
        unlabeled=counts[0],
        withheld=labelled and len(split) > 0 and counts[0] == len(split),
        empty=tuple(i for i, n in zip(split.ids, words, strict=True) if not n),
        words={f"{q:g}": float(np.quantile(words, q)) for q in QUANTILES} if words else {},
    )


def _exact(rows: _Rows) -> list[ExactGroup]:
    return [ExactGroup(rows=tuple(rows.names[r] for r in g), conflict=rows.conflict(g)) for g in rows.members()]


def _near(rows: _Rows, pairs: list[NearPair]) -> list[Near]:
    ordered = sorted(pairs, key=lambda p: (-p.jaccard, p.i, p.j))
    return [Near(rows=(rows.names[p.i], rows.names[p.j]), jaccard=round(p.jaccard, 4), conflict=rows.conflict((p.i, p.j))) for p in ordered]


def _overlaps(rows: _Rows, pairs: list[NearPair], names: list[str]) -> list[Overlap]:
    """Count rows, not pairs: a text that is nearly the same as three others is one row too many, not three."""
    start = rows.starts(len(names))
    held = start < len(rows.texts)
    close, repeats = _near_splits(rows, pairs, start)
    found = []
    for b, second in enumerate(names):
        here = np.flatnonzero(rows.split == b)
        groups = rows.group[here]
        for a, first in enumerate(names[: b + 1]):
            same = start[groups, b] < here if a == b else held[groups, a]
            alike = repeats[groups, b] if a == b else close[groups, a]
            overlap = Overlap(first=first, second=second, exact=int(same.sum()), near=int((alike & ~same).sum()))
            found += [overlap] if overlap.exact or overlap.near else []
    return found


def _near_splits(rows: _Rows, pairs: list[NearPair], start: NDArray[np.intp]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (g, k) twice: which splits hold a near duplicate of each text, and where one stands before the text itself."""
    close = np.zeros(start.shape, dtype=np.bool_)
    repeats = np.zeros_like(close)
    for p in pairs:
        for one, other in ((rows.group[p.i], rows.group[p.j]), (rows.group[p.j], rows.group[p.i])):
            close[one] |= start[other] < len(rows.texts)
            repeats[one] |= start[other] < start[one]
    return close, repeats


__all__ = ["AuditReport", "audit"]

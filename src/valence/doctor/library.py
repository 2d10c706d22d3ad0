"""Data sets and what is known of them, read once however many runs were made on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from valence import data
from valence.data._texts import plain, text_keys
from valence.data.audit import audit
from valence.doctor.parts import Gold, Overlap, Phrases
from valence.doctor.subject import Absent
from valence.errors import MissingPackage, ValenceError
from valence.types import Corpus, Split

T = TypeVar("T")

MOST_ROWS = 120_000
"""Texts among which near duplicates are still looked for: about 20 seconds on one core."""
PHRASE_WORDS = 5
"""Shorter phrases occur in any two texts about one thing."""
SENTENCE_WORDS = 60
"""A scored split whose median is longer holds no sentences, and training texts are no phrases of theirs."""


class Library:
    """Reads and remembers."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], object] = {}

    def corpus(self, name: str, columns: dict[str, str | None] | None = None) -> Corpus:
        """Load a data set or a file.

        Raises:
            Absent: it cannot be read; the message says why.
        """
        given = columns or {}
        return self._once(("corpus", name, *sorted(given.items())), Corpus, lambda: data.load(name, **given))

    def gold(self, corpus: Corpus, split: str) -> Gold:
        """Return the split that is scored.

        Raises:
            Absent: there is no such split.
        """
        found = corpus.splits.get(split)
        if found is None or not len(found):
            raise Absent(f"{corpus.name} has no split {split}")
        return Gold(found, split, corpus.labels)

    def overlap(self, corpus: Corpus, split: str) -> Overlap:
        """Find the texts of a split that train holds too."""
        return self._once(("overlap", corpus.digest, split), Overlap, lambda: _overlap(corpus, split))

    def phrases(self, corpus: Corpus, split: str) -> Phrases:
        """Find the training texts that are phrases of a split's sentences.

        Raises:
            Absent: the split holds longer texts than sentences.
        """
        return self._once(("phrases", corpus.digest, split), Phrases, lambda: _phrases(corpus.splits["train"], corpus.splits[split]))

    def _once(self, key: tuple[object, ...], kind: type[T], make: Callable[[], T]) -> T:
        if key not in self._known:
            try:
                self._known[key] = make()
            except (ValenceError, Absent) as reason:
                self._known[key] = str(reason)
        found = self._known[key]
        if not isinstance(found, kind):
            raise Absent(str(found))
        return found


def _overlap(corpus: Corpus, name: str) -> Overlap:
    train, scored = corpus.splits["train"], corpus.splits[name]
    same = np.isin(text_keys(scored.texts, plain), text_keys(train.texts, plain))
    exact = tuple(np.asarray(scored.ids, dtype=object)[same].tolist())
    if len(train) + len(scored) > MOST_ROWS:
        why = f"{len(train) + len(scored):,} texts are more than the {MOST_ROWS:,} among which it is done; see valence audit"
        return Overlap(exact, (), len(scored), why)
    try:
        found = audit(replace(corpus, splits={"train": train, name: scored}))
    except MissingPackage as reason:
        return Overlap(exact, (), len(scored), str(reason))
    pairs = (p.rows for p in found.near if sum(row.startswith(f"{name}/") for row in p.rows) == 1)
    near = {row.partition("/")[2] for rows in pairs for row in rows if row.startswith(f"{name}/")}
    return Overlap(exact, tuple(sorted(near - set(exact))), len(scored))


def _phrases(train: Split, scored: Split) -> Phrases:
    """Look up every run of words of the scored sentences among the training texts."""
    if float(np.median([len(t.split()) for t in scored.texts] or [0])) > SENTENCE_WORDS:
        raise Absent(f"the scored texts are longer than sentences (median above {SENTENCE_WORDS} words)")
    words = [plain(t).split() for t in train.texts]
    wanted = {" ".join(w) for w in words if PHRASE_WORDS <= len(w) <= SENTENCE_WORDS}
    lengths = sorted({w.count(" ") + 1 for w in wanted})
    seen: set[str] = set()
    inside = []
    for key, text in zip(scored.ids, scored.texts, strict=True):
        found = wanted.intersection(_runs(plain(text).split(), lengths))
        if found:
            inside.append(key)
            seen |= found
    return Phrases(tuple(inside), len(seen), len(scored), PHRASE_WORDS)


def _runs(words: Sequence[str], lengths: Sequence[int]) -> set[str]:
    """Return every run of neighbouring words shorter than the whole, of the given lengths."""
    return {" ".join(words[i : i + n]) for n in lengths if n < len(words) for i in range(len(words) - n + 1)}


__all__ = ["MOST_ROWS", "PHRASE_WORDS", "SENTENCE_WORDS", "Library"]

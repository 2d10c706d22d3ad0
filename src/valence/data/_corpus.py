"""Put a corpus together: its digest, and splits that are read only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b

import numpy as np

from valence.data._texts import collapse, text_keys
from valence.errors import BadData
from valence.types import UNLABELED, Corpus, Split

_BLOCK = 1024
"""Texts encoded at a time, so that the digest never holds a second copy of them all."""


class Splits(Mapping[str, Split]):
    """Splits by name; those in `later` are read at their first use, since few methods want 50,000 unlabelled texts."""

    def __init__(self, ready: Mapping[str, Split], later: Mapping[str, Callable[[], Split]] | None = None) -> None:
        self._ready = dict(ready)
        self._later = dict(later or {})
        self._names = (*self._ready, *self._later)

    def __getitem__(self, name: str) -> Split:
        if name in self._later:
            self._ready[name] = self._later[name]()
            del self._later[name]
        return self._ready[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def corpus(
    name: str, labels: tuple[str, ...], splits: Mapping[str, Split], later: Mapping[str, Callable[[], Split]] | None = None
) -> Corpus:
    """Return the corpus with its digest.

    Args:
        name: of the data set.
        labels: label names.
        splits: the splits that are read already.
        later: the splits that are read when first asked for; only `unlabeled` may be, since the digest covers all others.

    Raises:
        BadData: an id occurs twice in a split, or a label has no name.
    """
    for split_name, split in splits.items():
        _check(f"{name} {split_name}", split, len(labels))
    return Corpus(name, labels, Splits(splits, later), digest(labels, splits))


def empty_split() -> Split:
    """Return a split without rows."""
    return Split((), (), np.zeros(0, dtype=np.int64))


def unlabeled_split(ids: Sequence[str], texts: Sequence[str]) -> Split:
    """Return a split whose labels are all -1."""
    return Split(tuple(ids), tuple(texts), np.full(len(ids), UNLABELED, dtype=np.int64))


def without(split: Split, *others: Split) -> Split:
    """Return the rows whose texts are in none of the others, once HTML is unescaped and white space collapsed."""
    taken = np.concatenate([text_keys(other.texts, collapse) for other in others])
    return split.select(np.flatnonzero(~np.isin(text_keys(split.texts, collapse), taken)))


def digest(labels: Sequence[str], splits: Mapping[str, Split]) -> str:
    """Return 16 hex digits (BLAKE2b) of the label names and of the ids, texts and labels of every split but `unlabeled`."""
    total = blake2b(digest_size=8)
    _add(total, labels)
    for name in sorted(set(splits) - {"unlabeled"}):
        split = splits[name]
        _add(total, [name])
        _add(total, split.ids)
        _add(total, split.texts)
        total.update(split.labels.astype("<i8").tobytes())
    return total.hexdigest()


def _add(total: blake2b, strings: Sequence[str]) -> None:
    # The lengths go in first: without them ("ab", "c") and ("a", "bc") would be the same data.
    total.update(len(strings).to_bytes(8, "little"))
    for start in range(0, len(strings), _BLOCK):
        encoded = [s.encode("utf-8", "surrogatepass") for s in strings[start : start + _BLOCK]]
        total.update(np.array([len(e) for e in encoded], dtype="<i8").tobytes())
        total.update(b"".join(encoded))


def _check(where: str, split: Split, k: int) -> None:
    if len(set(split.ids)) < len(split.ids):
        seen: set[str] = set()
        twice = next(i for i in split.ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]
        raise BadData(f"{where}: the id {twice!r} occurs twice. Ids must be unique within a split.")
    if len(split) and not (split.labels.min() >= UNLABELED and split.labels.max() < k):
        raise BadData(f"{where}: labels run from {split.labels.min()} to {split.labels.max()}; expected 0 to {k - 1}, or -1 for none.")

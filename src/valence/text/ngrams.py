"""Counts of word n-grams, exact and fast: no hashing, no Python loop over words.

Words are cut out by polars (Rust, all cores) and become integers through a vocabulary. An n-gram is one integer as well: the number of
the (n-1)-gram it begins with, times the number of words, plus its last word. An n-gram that is in enough texts is made of shorter ones
that are in at least as many (Agrawal & Srikant, 1994): each order only looks where the order below found something. Sorting does the rest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array, vstack

from valence.errors import BadData
from valence.text._chunk import Chunk, Ints, Numbers, run_starts, sort_with_places
from valence.text.word_rule import STOCK_WORDS, WORDS_AND_MARKS, WordRule

T = TypeVar("T")

CHUNK = 2_000_000
"""Characters that are read together: small enough for the caches, large enough for polars; changes no count."""


@dataclass(frozen=True)
class Ngrams:
    """The n-grams of a training set; column order is words, then bigrams, then trigrams, each in the order of `words`."""

    words: tuple[str, ...]
    """Sorted."""
    keys: tuple[Ints, ...] = ()
    """For the orders 2, 3, …: sorted, prefix * len(words) + last word, where prefix numbers the n-grams of the order below."""
    rule: WordRule = field(default_factory=WordRule)

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.words) + sum(map(len, self.keys))

    @cached_property
    def _enum(self) -> pl.Enum:
        return pl.Enum(self.words)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def count(self, texts: Sequence[str]) -> csr_array:
        """Return (n, size) float32 counts, columns sorted within a row; a text is counted by itself."""
        rows = self.map(texts, lambda counts: counts)
        return vstack(rows, format="csr") if rows else csr_array((0, self.size), dtype=np.float32)

    def map(self, texts: Sequence[str], use: Callable[[csr_array], T]) -> list[T]:
        """Count chunk by chunk and keep only what `use` makes of each (m, size) chunk, in the order of the texts."""
        return _each(lambda chunk: use(self._count(chunk)), _chunks(texts))

    def _count(self, texts: Sequence[str]) -> csr_array:
        found = self.read(texts)
        for keys in self.keys:
            found.extend(keys)
        return found.counts(self.size)

    def read(self, texts: Sequence[str]) -> Chunk:
        """Split texts and number their words."""
        lists = self.rule.split(texts)
        words = lists.explode().drop_nulls()
        return Chunk(self.number(words), lists.list.len().to_numpy().astype(np.int64), len(self.words))

    def number(self, words: pl.Series) -> Numbers:
        """Return each word's place in `words`, -1 for a word that is not among them."""
        if (
            len(words) < len(self.words) // 8
        ):  # polars reads the whole vocabulary on every cast: milliseconds that a single text need not wait
            return np.fromiter((self._numbers.get(word, -1) for word in words.to_list()), dtype=np.int32, count=len(words))
        if not self.words:
            return np.full(len(words), -1, dtype=np.int32)
        return words.cast(self._enum, strict=False).to_physical().cast(pl.Int32).fill_null(-1).to_numpy()

    def names(self) -> list[str]:
        """Return the n-grams in column order, their words joined by one space."""
        below = list(self.words)
        names = below
        for keys in self.keys:
            prefix, last = np.divmod(keys, max(len(self.words), 1))
            below = [f"{below[p]} {self.words[w]}" for p, w in zip(prefix.tolist(), last.tolist(), strict=True)]
            names = names + below
        return names

    def save(self, folder: Path) -> None:
        """Write `ngrams.json` (words and rule) and `ngrams.safetensors` (keys)."""
        about = {"pattern": self.rule.pattern, "keep_breaks": self.rule.keep_breaks, "words": self.words}
        (folder / "ngrams.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
        save_file({f"order_{n}": keys for n, keys in enumerate(self.keys, start=2)}, folder / "ngrams.safetensors")

    @classmethod
    def load(cls, folder: Path) -> Ngrams:
        """Read back what `save` wrote.

        Raises:
            BadData: the two files do not belong together.
        """
        about = json.loads((folder / "ngrams.json").read_text(encoding="utf-8"))
        stored = load_file(folder / "ngrams.safetensors")
        keys = tuple(stored[f"order_{n}"] for n in range(2, len(stored) + 2))
        words, below = tuple(about["words"]), len(about["words"])
        for order, found in enumerate(keys, start=2):
            if len(found) and int(found[-1]) >= below * len(words):
                raise BadData(f"{folder}: the {order}-grams do not fit the {len(words)} words. Fit the method again.")
            below = len(found)
        return cls(words, keys, WordRule(about["pattern"], about["keep_breaks"]))


def learn_ngrams(
    texts: Sequence[str],
    *,
    longest: int = 2,
    min_texts: int = 2,
    rule: WordRule | None = None,
    progress: Callable[[float, float, str], None] = lambda done, total, note: None,
) -> tuple[Ngrams, csr_array]:
    """Find the n-grams of up to `longest` words that occur in at least `min_texts` texts, and count them.

    Returns:
        The n-grams, and (n, size) float32 counts, equal to `ngrams.count(texts)`.
    """
    rule = rule or WordRule()
    chunks = list(_chunks(texts))
    progress(0, longest, "counting words")
    drafts = _each(lambda chunk: _Draft.read(chunk, rule), chunks)
    words = Ngrams(_frequent_words(drafts, min_texts), (), rule)
    found = _each(lambda draft: draft.renumber(words), drafts)
    keys: list[Ints] = []
    for order in range(2, longest + 1):
        progress(order - 1, longest, f"counting {order}-grams")
        keys.append(_frequent_keys(_each(Chunk.text_frequency, found), min_texts))
        _each(lambda chunk: chunk.extend(keys[-1]), found)
    ngrams = Ngrams(words.words, tuple(keys), rule)
    counts = _each(lambda chunk: chunk.counts(ngrams.size), found)
    return ngrams, vstack(counts, format="csr") if counts else csr_array((0, ngrams.size), dtype=np.float32)


@dataclass(frozen=True)
class _Draft:
    """Some texts whose words are numbered among themselves, since the words of the whole set are not known yet."""

    words: pl.Series
    numbers: Numbers
    lengths: Ints

    @classmethod
    def read(cls, texts: Sequence[str], rule: WordRule) -> _Draft:
        lists = rule.split(texts)
        spoken = lists.explode().drop_nulls()
        words = spoken.unique()
        return cls(words, Ngrams(tuple(words.to_list()), (), rule).number(spoken), lists.list.len().to_numpy().astype(np.int64))

    def text_frequency(self) -> pl.DataFrame:
        counts = Chunk(self.numbers, self.lengths, len(self.words)).counts(len(self.words))
        return pl.DataFrame({"word": self.words, "texts": np.bincount(counts.indices, minlength=len(self.words))})

    def renumber(self, ngrams: Ngrams) -> Chunk:
        return Chunk(ngrams.number(self.words)[self.numbers], self.lengths, len(ngrams.words))


def _frequent_words(drafts: Sequence[_Draft], min_texts: int) -> tuple[str, ...]:
    if not drafts:
        return ()
    totals = pl.concat(_each(_Draft.text_frequency, drafts)).group_by("word").agg(pl.col("texts").sum())
    return tuple(totals.filter(pl.col("texts") >= min_texts)["word"].sort().to_list())


def _frequent_keys(parts: Sequence[tuple[Ints, Ints]], min_texts: int) -> Ints:
    if not parts:
        return np.empty(0, dtype=np.int64)
    keys, texts = (np.concatenate(part) for part in zip(*parts, strict=True))
    keys, order = sort_with_places(keys)
    starts = run_starts(keys)
    if not len(starts):
        return keys
    return keys[starts][np.add.reduceat(texts[order], starts) >= min_texts]


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start, held = 0, 0
    for stop, text in enumerate(texts):
        if held and held + len(text) > CHUNK:
            yield texts[start:stop]
            start, held = stop, 0
        held += len(text) + 1
    if start < len(texts):
        yield texts[start:]


def _each(work: Callable[..., T], chunks: Iterator[Sequence[str]] | Sequence[object]) -> list[T]:
    """Work on chunks side by side (polars and NumPy's sorts let go of the interpreter); results in the order of the chunks."""
    todo = list(chunks)
    if len(todo) < 2:
        return [work(chunk) for chunk in todo]
    with ThreadPoolExecutor(min(len(todo), os.cpu_count() or 1)) as pool:
        return list(pool.map(work, todo))


__all__ = ["STOCK_WORDS", "WORDS_AND_MARKS", "Ngrams", "WordRule", "learn_ngrams"]

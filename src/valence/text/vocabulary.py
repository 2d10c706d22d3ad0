"""Words and their ids: how a review becomes a row of integers.

Splitting is done by polars, whose regular expressions run in Rust on all cores: 25,000 reviews take under a second.
HTML breaks and control characters are dropped, case is folded; `n't`, `'s`, `!`, `?` and `...` are words of their own,
cut as in the Penn Treebank and as in GloVe's vocabulary, so that pretrained vectors are found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from valence.errors import BadData
from valence.text.clean import to_series

PAD = 0
"""Id of the filler behind a text in a batch; no word of a text ever has it."""
UNK = 1
"""Id of every word that the training texts did not hold often enough."""
RESERVED = ("[PAD]", "[UNK]")

Keep = Literal["head", "tail", "head+tail"]
"""Which words of a long text stay: the first, the last, or one half of each."""

_MARKUP = r"(?i)<\s*/?\s*(br|p|i|b|em|strong|hr)\s*/?\s*>|[\x00-\x1f\x7f-\x9f]"
_WORD = r"n't|'(?:s|m|re|ve|ll|d)\b|\.\.\.|[\w]+|[^\w\s]"


def split_words(texts: Sequence[str]) -> pl.Series:
    """Split texts into lower-case words.

    Args:
        texts: n texts.

    Returns:
        A series of n lists of words; a text of white space gives an empty list, half of a surrogate pair counts as a question mark.
    """
    text = pl.col("text").str.replace_all(_MARKUP, " ").str.to_lowercase().str.replace_all("[’`´]", "'")
    text = text.str.replace_all(r"(\w)n't\b", "${1} n't").str.replace_all(r"\.{2,}|…", " ... ")
    return to_series(texts).to_frame().lazy().select(text.str.extract_all(_WORD).alias("words")).collect()["words"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The ids of n texts, one behind the other."""

    ids: NDArray[np.int32]
    """(tokens,) word ids of all texts."""
    offsets: NDArray[np.int64]
    """(n + 1,) text i is `ids[offsets[i]:offsets[i + 1]]`."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n,) words of each text."""
        return np.diff(self.offsets)

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    def cut(self, length: int, keep: Keep = "head+tail") -> Tokens:
        """Return the texts with at most `length` words each; shorter ones stay whole.

        Args:
            length: words that may stay, at least 1.
            keep: which of them; of an odd `head+tail` the tail gets the word more.
        """
        full = self.lengths
        head = {"head": length, "tail": 0, "head+tail": length // 2}[keep]
        place = np.arange(len(self.ids)) - np.repeat(self.offsets[:-1], full)
        from_end = np.repeat(full, full) - place
        stays = (np.repeat(full, full) <= length) | (place < head) | (from_end <= length - head)
        return Tokens(self.ids[stays], _offsets(np.minimum(full, length)))


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


@dataclass(frozen=True)
class Vocabulary:
    """The words of the training texts; a word's id is its place, with 0 for padding and 1 for unknown words."""

    words: tuple[str, ...]
    """`[PAD]`, `[UNK]`, then words from frequent to rare."""
    _table: pl.DataFrame = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.words[:2] != RESERVED or len(set(self.words)) != len(self.words):
            raise BadData(f"A vocabulary starts with {RESERVED} and names no word twice; this one starts with {self.words[:2]}.")
        ids = pl.Series(range(len(self.words)), dtype=pl.Int32)
        object.__setattr__(self, "_table", pl.DataFrame({"word": pl.Series(self.words, dtype=pl.String), "id": ids}))

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def learn(cls, texts: Sequence[str], *, max_words: int = 30_000, min_count: int = 2) -> Vocabulary:
        """Take the words of the training texts.

        Args:
            texts: training texts, never the texts to be scored.
            max_words: size at most, the two reserved ids included; the rarest words go first, equal counts by the alphabet.
            min_count: a word must occur this often.
        """
        counts = pl.DataFrame({"word": split_words(texts).explode()}).drop_nulls().group_by("word").len()
        kept = counts.filter(pl.col("len") >= min_count).sort(["len", "word"], descending=[True, False])
        return cls((*RESERVED, *kept["word"].head(max(max_words - len(RESERVED), 0)).to_list()))

    def encode(self, texts: Sequence[str]) -> Tokens:
        """Return the ids of texts; a text without any word becomes one unknown word, so that no text is empty."""
        return self.ids_of(split_words(texts))

    def ids_of(self, words: pl.Series) -> Tokens:
        """Return the ids of lists of words, as `split_words` gives them."""
        lengths = words.list.len().to_numpy().astype(np.int64)
        column = pl.col("word")
        filled = pl.when(column.list.len() == 0).then(pl.lit([""], dtype=pl.List(pl.String))).otherwise(column).alias("word")
        flat = pl.DataFrame({"word": words}).lazy().select(filled).explode("word")
        joined = flat.join(self._table.lazy(), on="word", how="left", maintain_order="left")
        ids = joined.select(pl.col("id").fill_null(UNK)).collect()["id"].to_numpy()
        return Tokens(np.ascontiguousarray(ids, dtype=np.int32), _offsets(np.maximum(lengths, 1)))

    def save(self, path: Path) -> None:
        """Write the words as a JSON list."""
        path.write_text(json.dumps(self.words, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read what `save` wrote.

        Raises:
            BadData: it is not a JSON list of words that starts with the reserved ones.
        """
        try:
            words: Iterable[object] = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(str(word) for word in words))
        except (OSError, ValueError, TypeError) as error:
            raise BadData(f"No vocabulary could be read from {path}: {error}. Expected a JSON list of words.") from error


__all__ = ["PAD", "UNK", "Keep", "Tokens", "Vocabulary", "split_words"]

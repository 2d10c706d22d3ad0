"""Subwords: a pretrained tokenizer that cuts a text by tokens, head and tail, and keeps its special tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from valence.errors import BadData, BadSetting
from valence.text.clean import to_series, without_breaks
from valence.text.vocabulary import Keep, Tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"
NAMES = "tokenizer_config.json"


@dataclass(frozen=True)
class Subwords:
    """A tokenizer of the library `tokenizers`, with its own special tokens around every text."""

    tokenizer: Tokenizer
    names: Mapping[str, object] = field(default_factory=dict)
    """What transformers is to be told besides: which tokens are special, and what its models take."""

    def __post_init__(self) -> None:
        # how much of a text is read is ours to decide: a tokenizer's file may hold a length of its own
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    @classmethod
    def load(cls, folder: Path) -> Subwords:
        """Read what `save` wrote.

        Raises:
            BadData: there is none, or it is damaged.
        """
        from tokenizers import Tokenizer

        try:
            names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
            return cls(Tokenizer.from_file(str(folder / TOKENIZER)), names)
        except Exception as error:  # the library raises the bare class
            raise BadData(f"{folder} holds no tokenizer: {error}") from error

    def save(self, folder: Path) -> None:
        """Write the two files that transformers' AutoTokenizer reads too."""
        self.tokenizer.save(str(folder / TOKENIZER))
        said = {**self.names, "tokenizer_class": "PreTrainedTokenizerFast"}
        (folder / NAMES).write_text(json.dumps(said, indent=2), encoding="utf-8")

    @property
    def around(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Special tokens before a text and behind it."""
        bare = self.tokenizer.encode("a", add_special_tokens=False).ids
        whole = self.tokenizer.encode("a", add_special_tokens=True).ids
        start = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        return np.array(whole[:start], dtype=np.int32), np.array(whole[start + len(bare) :], dtype=np.int32)

    def encode(self, texts: Sequence[str], max_length: int, keep: Keep = "head+tail") -> Tokens:
        """Return the texts' tokens, special ones among them, at most `max_length` each; no other text's tokens move them.

        Args:
            texts: n texts; a line break of HTML is read as a space.
            max_length: tokens of a text at most, the special ones counted.
            keep: which tokens of a longer text are read.

        Raises:
            BadSetting: special tokens alone would fill `max_length`.
        """
        before, behind = self.around
        special = len(before) + len(behind)
        if max_length <= special:
            raise BadSetting(
                f"max_length {max_length} leaves nothing of a text beside the tokenizer's {special} special tokens. "
                f"Give at least {special + 1}."
            )
        clean = to_series(texts).to_frame().select(without_breaks(pl.col("text"))).to_series().to_list()
        encoded = self.tokenizer.encode_batch_fast(clean, add_special_tokens=False)
        lengths = np.array([len(e.ids) for e in encoded], dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        flat = np.fromiter((i for e in encoded for i in e.ids), dtype=np.int32, count=int(offsets[-1]))
        return _frame(Tokens(flat, offsets).cut(max_length - special, keep), before, behind)


def _frame(tokens: Tokens, before: NDArray[np.int32], behind: NDArray[np.int32]) -> Tokens:
    """Put special tokens around every text."""
    lengths = tokens.lengths + len(before) + len(behind)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = np.empty(int(offsets[-1]), dtype=np.int32)
    own = np.ones(len(ids), dtype=bool)
    for place, token in enumerate(before):
        ids[offsets[:-1] + place], own[offsets[:-1] + place] = token, False
    for place, token in enumerate(behind[::-1]):
        ids[offsets[1:] - 1 - place], own[offsets[1:] - 1 - place] = token, False
    ids[own] = tokens.ids
    return Tokens(ids, offsets)


__all__ = ["Subwords"]

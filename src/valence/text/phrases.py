"""N-grams of texts that are word ids already: which ones occur often enough, and in which texts.

An n-gram is one integer, as in `ngrams`: the number of the (n-1)-gram it begins with, times the size of the vocabulary, plus
the id of its last word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from valence.text._chunk import Chunk
from valence.text.vocabulary import UNK, Tokens


@dataclass(frozen=True, slots=True)
class Phrases:
    """The n-grams of a training set."""

    keys: tuple[NDArray[np.int64], ...]
    """For the orders 2, 3, …: sorted; prefix * words + last word, where prefix is a word's id or the place of a shorter n-gram."""
    counts: csr_array
    """(texts, words + all n-grams) float32, words by their id, then every order by its keys; padding and unknown words are not counted."""


def learn_phrases(tokens: Tokens, words: int, *, longest: int, min_texts: int) -> Phrases:
    """Find the n-grams of two to `longest` known words that occur in at least `min_texts` texts.

    Args:
        tokens: n texts, whole.
        words: size of the vocabulary; ids are below it.
        longest: words of the longest n-gram; 1 finds none and counts the words alone.
        min_texts: texts that must hold an n-gram.
    """
    known = np.where(tokens.ids > UNK, tokens.ids, -1).astype(np.int32)
    chunk = Chunk(known, tokens.lengths, words)
    keys = []
    for _ in range(2, longest + 1):
        found, texts = chunk.text_frequency()
        keys.append(found[texts >= min_texts])
        chunk.extend(keys[-1])
    return Phrases(tuple(keys), chunk.counts(sum(chunk.sizes)))


__all__ = ["Phrases", "learn_phrases"]

"""When two texts count as the same: two strengths of normalisation, and keys that no machine or run changes."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def collapse(text: str) -> str:
    """Unescape HTML and turn every run of white space into one space."""
    return " ".join((html.unescape(text) if "&" in text else text).split())


def plain(text: str) -> str:
    """Unescape HTML, drop tags, collapse white space and fold case: what a reader would call the same text."""
    bare = html.unescape(text) if "&" in text else text
    return " ".join((_TAG.sub(" ", bare) if "<" in bare else bare).split()).casefold()


def text_keys(texts: Iterable[str], normalise: Callable[[str], str]) -> NDArray[np.uint64]:
    """Return (n,) 64-bit keys (BLAKE2b), equal where the normalised texts are equal.

    Keys stand in for texts where many must be compared: among a million texts two different ones share a key with a chance of 3e-8.
    """
    hashes = b"".join(blake2b(normalise(t).encode("utf-8", "surrogatepass"), digest_size=8).digest() for t in texts)
    return np.frombuffer(hashes, dtype=">u8").astype(np.uint64)

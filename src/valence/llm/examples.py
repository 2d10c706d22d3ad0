"""A prompt for each review, with the training texts that resemble it most as examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from valence.llm.asked import Backend
from valence.llm.shots import Neighbours
from valence.text.prompt import Cut, Prompt, Shot, tidy
from valence.types import Split

FILE = "examples.parquet"


@dataclass
class Examples:
    """Training texts to pick from."""

    train: Split
    neighbours: Neighbours
    words: tuple[str, ...]
    shots: int
    shorten: Shorten

    def prompts(self, prompt: Prompt, reviews: Sequence[str]) -> list[Prompt]:
        """Return the prompt of each review."""
        chosen = self.neighbours.nearest(reviews, self.shots)
        return [replace(prompt, shots=make_shots(self.train, rows.tolist(), self.words, self.shorten)) for rows in chosen]

    def save(self, folder: Path) -> None:
        """Write the training texts, which a reload compares again."""
        import polars as pl

        table = pl.DataFrame({"text": self.train.texts, "label": self.train.labels})
        table.write_parquet(folder / FILE, compression="zstd")


@dataclass(frozen=True)
class Shorten:
    """Cuts an example by the model's own tokens."""

    backend: Backend
    tokens: int
    keep: Cut

    def __call__(self, review: str) -> str:
        """Return a review tidy and no longer than `tokens`."""
        return self.backend.shorten(tidy(review), self.tokens, self.keep)


def make_shots(train: Split, rows: Sequence[int], words: tuple[str, ...], shorten: Shorten) -> tuple[Shot, ...]:
    """Return the examples at `rows`, in their order."""
    return tuple(Shot(shorten(train.texts[i]), words[int(train.labels[i])]) for i in rows)


def read_train(folder: Path) -> Split:
    """Return the training texts that `save` wrote."""
    import polars as pl

    table = pl.read_parquet(folder / FILE)
    return Split(tuple(map(str, range(len(table)))), tuple(table["text"].to_list()), table["label"].to_numpy().astype(np.int64))

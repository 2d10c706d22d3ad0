"""IMDB's contrast set: reviews edited by hand until their sentiment turns (Gardner et al., 2020, arXiv:2004.02709)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence import data
from valence.stress.stressor import Given, Stressor, Trial, no_polarity


class Contrast(Stressor):
    """Originals against their edited side, whose label is the other one."""

    about: ClassVar[str] = "reviews edited until the label turns"
    paper: ClassVar[str] = "Gardner et al., 2020, arXiv:2004.02709"

    def why_not(self, given: Given) -> str:
        """It needs negative and positive labels."""
        return no_polarity(given)

    def trials(self, given: Given) -> Iterator[Trial]:
        """Yield the pairs of `imdb_contrast`."""
        corpus = data.load("imdb_contrast")
        split = corpus.splits["test"]
        negative, positive = given.polarity or (0, 1)
        labels = np.where(split.labels == corpus.labels.index("positive"), positive, negative).astype(np.int64)
        place = {name: i for i, name in enumerate(split.ids)}
        keys = [name.removesuffix("_original") for name in split.ids if name.endswith("_original")]
        old, new = ([place[f"{key}_{side}"] for key in keys] for side in ("original", "contrast"))
        seen = given.data in {"imdb", "movie_reviews"}
        yield Trial(
            name="edited by hand",
            ids=tuple(keys),
            before=tuple(split.texts[i] for i in old),
            after=tuple(split.texts[i] for i in new),
            labels_before=labels[old],
            labels=labels[new],
            expects="turned",
            note="The originals are training reviews of IMDB, which this run has learned: read the edited side." if seen else "",
        )

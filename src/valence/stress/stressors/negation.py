"""Negation, where its effect is certain (CheckList; Ribeiro et al., 2020, arXiv:2005.04118).

English. Rules cannot negate a review's sentence and know its label, so that labels are only claimed of sentences made from
templates; of real texts only the direction is tested.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import ClassVar

import numpy as np

from valence.stress.stressor import Given, Stressor, Trial, no_polarity

THINGS = ("film", "movie", "plot", "acting", "ending", "script", "dialogue", "direction")
GOOD = ("good", "enjoyable", "interesting", "entertaining", "convincing", "impressive")
"""Words whose negation blames: `not perfect` or `not funny` need not."""
BAD = ("bad", "boring", "dull", "awful", "terrible", "tedious")
IS_NOT = ("is not", "isn't", "is never")
PRAISED = {
    "I liked the {}.": "I did not like the {}.",
    "I enjoyed the {}.": "I didn't enjoy the {}.",
    "I would praise the {}.": "I would not praise the {}.",
}
BLAME = "I did not like it at all, and I cannot recommend it."
PRAISE = "I liked it a lot, and I can recommend it."


class Negation(Stressor):
    """Negated praise must become blame; negated blame must not read worse; a last sentence must not pull the wrong way."""

    about: ClassVar[str] = "negated sentences, where the effect is certain"
    paper: ClassVar[str] = "Ribeiro et al., 2020, arXiv:2005.04118"

    def why_not(self, given: Given) -> str:
        """It needs negative and positive labels."""
        return no_polarity(given)

    def trials(self, given: Given) -> Iterator[Trial]:
        """Yield two sets of templates and two of the sample with a sentence at its end."""
        negative, positive = given.polarity or (0, 1)
        made = "Sentences from templates: the interval speaks of these templates, not of reviews."
        before, after = zip(*_praise(), strict=True)
        yield Trial(
            name="praise negated",
            ids=_numbers(before),
            before=before,
            after=after,
            labels_before=np.full(len(before), positive, dtype=np.int64),
            labels=np.full(len(before), negative, dtype=np.int64),
            expects="turned",
            note=made,
            own_words=True,
        )
        before, after = zip(*_blame(), strict=True)
        yield Trial("blame negated", _numbers(before), after, None, before, None, "toward", positive, made, own_words=True)
        sample = given.sample
        for name, sentence, label in (("blame added", BLAME, negative), ("praise added", PRAISE, positive)):
            longer = tuple(f"{text} {sentence}" for text in sample.texts)
            note = "Judged by direction alone: the added sentence may not change a review's label."
            yield Trial(name, sample.ids, longer, None, sample.texts, None, "toward", label, note)


def _praise() -> Iterator[tuple[str, str]]:
    for thing, word, negated in product(THINGS, GOOD, IS_NOT):
        yield f"The {thing} is {word}.", f"The {thing} {negated} {word}."
    for thing, (said, negated) in product(THINGS, PRAISED.items()):
        yield said.format(thing), negated.format(thing)


def _blame() -> Iterator[tuple[str, str]]:
    for thing, word, negated in product(THINGS, BAD, IS_NOT):
        yield f"The {thing} is {word}.", f"The {thing} {negated} {word}."


def _numbers(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(i) for i in range(len(texts)))

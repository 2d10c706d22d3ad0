"""Validation figures that never move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, percent
from valence.doctor.parts import History
from valence.doctor.subject import Subject
from valence.experiment import Experiment
from valence.types import Corpus

ENOUGH = 3
"""Equal figures in a row that chance does not explain, where there is room to move."""
PERFECT = 0.98
"""Nearly perfect figures may stand still."""


TEXTS = 50
"""Validation texts below which an accuracy stands still by chance."""


class ConstantValidation(Check):
    """The same accuracy at every look."""

    sentence: ClassVar[str] = "The validation accuracy is the same at every look: the answers do not change, most often one class for all."
    seed: ClassVar[str] = "the SST-2 curve: 44.98 at four sizes, which is the share of one class"
    needs: ClassVar[tuple[type, ...]] = (History,)

    def applies(self, subject: Subject) -> str:
        """Need several validations."""
        count = sum(v.accuracy is not None for v in subject.part(History).validations)
        if count < ENOUGH:
            return f"{count} validation accuracies were logged, {ENOUGH} are needed"
        texts = _validation_texts(subject)
        return "" if texts is None or texts >= TEXTS else f"{texts} validation texts are too few for their accuracy to move"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare them."""
        seen = [v.accuracy for v in subject.part(History).validations if v.accuracy is not None]
        if max(seen) == min(seen) < PERFECT:
            message = f"All {len(seen)} validations gave an accuracy of {percent(seen[0])}."
            remedy = "Look at the answers: if all are one class, lower the learning rate, shorten the warm-up, train longer."
            yield error(message, remedy, accuracy=seen[0], validations=len(seen))


def _validation_texts(subject: Subject) -> int | None:
    """Return how many texts a run of ours holds out for validation, None for other trainings."""
    experiment = subject.find(Experiment)
    if experiment is None:
        return None
    corpus = subject.find(Corpus)
    if experiment.per_class is not None:
        total = None if corpus is None else experiment.per_class * len(corpus.labels)
    else:
        total = experiment.n_train or (len(corpus.splits["train"]) if corpus is not None else None)
    return None if total is None else round(total * experiment.valid_fraction)

"""Validation figures that are those of the test split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Answers, History, Truth
from valence.doctor.subject import Subject

ENOUGH = 100
"""Scored texts below which two splits share an accuracy by chance."""
EXACT = 5e-7


class ValidatedOnTest(Check):
    """The epoch was chosen on the texts that are scored."""

    sentence: ClassVar[str] = "The validation accuracies in the log are those of the scored texts: the epoch was chosen on test."
    seed: ClassVar[str] = "bert_trainer and its kin (eval_dataset), split without a seed"
    needs: ClassVar[tuple[type, ...]] = (History, Answers, Truth)

    def applies(self, subject: Subject) -> str:
        """Need validation accuracies and enough texts; of our own runs the runner holds the validation texts out of train."""
        if subject.kind == "run":
            return "the runner holds the validation texts out of train and shows no method the scored split"
        if not any(v.accuracy is not None for v in subject.part(History).validations):
            return "no validation accuracy was logged"
        known = int((subject.part(Truth).labels >= 0).sum())
        return "" if known >= ENOUGH else f"{known} scored texts are too few to tell two splits apart by their accuracies"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Look for a validation that gives the scored accuracy to the last digit, all validations being shares of as many texts."""
        answers, truth = subject.part(Answers), subject.part(Truth)
        known = truth.labels >= 0
        n, accuracy = int(known.sum()), float((answers.predicted[known] == truth.labels[known]).mean())
        seen = np.array([v.accuracy for v in subject.part(History).validations if v.accuracy is not None])
        equal = np.flatnonzero(np.abs(seen - accuracy) < EXACT)
        shares = np.abs(seen * n - np.rint(seen * n)) < EXACT * n
        if len(equal) and shares.all():
            message = f"Validation {equal[0] + 1} of {len(seen)} gave {accuracy:.6f}, exactly the accuracy on the {n:,} scored texts"
            remedy = "Hold validation texts out of train, choose on them, and score test once."
            yield error(f"{message}: it looked at the same texts.", remedy, accuracy=accuracy, n=n, validations=len(seen))

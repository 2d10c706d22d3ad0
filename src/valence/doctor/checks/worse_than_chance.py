"""Answers that have nothing to do with the labels, or contradict them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from valence.doctor.check import Check, Finding, error, percent, warning
from valence.doctor.parts import Answers, Truth
from valence.doctor.subject import Subject

ENOUGH = 50
"""Labelled answers below which chance explains anything."""


class WorseThanChance(Check):
    """Labels swapped, or answers unrelated to them."""

    sentence: ClassVar[str] = (
        "Answers contradict the labels (classes swapped), or are unrelated to them though several classes are answered."
    )
    seed: ClassVar[str] = "deberta_prompt (.515, head frozen and pooler random)"
    needs: ClassVar[tuple[type, ...]] = (Answers, Truth)

    def applies(self, subject: Subject) -> str:
        """Need enough labelled answers."""
        known = int((subject.part(Truth).labels >= 0).sum())
        return "" if known >= ENOUGH else f"{known} labelled answers are too few to tell chance from skill"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Test independence of answer and label (chi-squared), and whether exchanging two classes would be right."""
        from scipy.stats import chi2_contingency

        answers, truth = subject.part(Answers), subject.part(Truth)
        known = (truth.labels >= 0) & (answers.predicted >= 0)
        said, right = answers.predicted[known], truth.labels[known]
        k = len(answers.names)
        table = np.bincount(right * k + said, minlength=k * k).reshape(k, k)
        table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
        if min(table.shape) < 2:
            return
        accuracy = float((said == right).mean())
        p = float(chi2_contingency(table).pvalue)
        facts = {"accuracy": accuracy, "p_independent": p, "n": len(said)}
        chance = float((np.bincount(right, minlength=k) * np.bincount(said, minlength=k)).sum() / len(said) ** 2)
        if p > 0.05:
            message = f"The accuracy of {percent(accuracy)} on {len(said):,} texts cannot be told from chance (p = {p:.2g})."
            yield warning(message, "Look whether the head was trained and whether ids and texts stayed together.", **facts)
        elif p < 1e-6 and accuracy < chance:
            message = f"The accuracy of {percent(accuracy)} is far below chance ({percent(chance)}): classes are swapped."
            yield error(message, f"Look at the order of the label names; here 0 is {answers.names[0]!r}.", **facts, chance=chance)

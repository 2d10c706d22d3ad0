"""Accuracies that no number of right answers gives (the GRIM test: Brown & Heathers, 2017, doi:10.1177/1948550616673876)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import Count, Counts
from valence.doctor.subject import Subject


def possible(share: float, decimals: int, n: int) -> int | None:
    """Return the right answers among n that give `share` when rounded to `decimals`, None where none do."""
    half = 0.5 * 10.0**-decimals + 1e-12
    count = round(share * n)
    near = [c for c in (count - 1, count, count + 1) if 0 <= c <= n and abs(c / n - share) <= half]
    return min(near, key=lambda c: abs(c / n - share)) if near else None


class ImpossibleAccuracy(Check):
    """89.23 % of 16 texts."""

    sentence: ClassVar[str] = "A reported accuracy is no number of right answers over the stated number of texts."
    seed: ClassVar[str] = "zero-shot LLMs: 89.23 % of 16 rows (14 of 16 are 87.50, 15 are 93.75)"
    needs: ClassVar[tuple[type, ...]] = (Counts,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Test every figure."""
        rows = subject.part(Counts).rows
        bad = [row for row in rows if possible(row.reported, row.decimals, row.n) is None]
        if bad:
            worst = min(bad, key=lambda row: row.n)
            message = f"{len(bad)} of {len(rows)} accuracies cannot be: {_said(worst)} lies between {_near(worst)}."
            remedy = "Count again from the answers; give the number of texts that each figure is really of."
            yield error(message, remedy, impossible=len(bad), figures=[f"{row.model} n={row.n}" for row in bad])
        torn = [r for r in rows if r.correct is not None and abs(r.correct / r.n - r.reported) > 0.5 * 10.0**-r.decimals + 1e-9]
        if torn:
            first = torn[0]
            message = (
                f"{len(torn)} of {len(rows)} accuracies are not their own counts: {first.model} has {first.correct} of {first.n} right."
            )
            yield error(message, "Divide each model's right answers by its own texts.", torn=len(torn), figures=[r.model for r in torn])


def _said(row: Count) -> str:
    return f"{100 * row.reported:.{max(row.decimals - 2, 0)}f} % of {row.n} ({row.model})"


def _near(row: Count) -> str:
    low = math.floor(row.reported * row.n)
    return f"{low} and {low + 1} right answers ({100 * low / row.n:.2f} and {100 * (low + 1) / row.n:.2f} %)"

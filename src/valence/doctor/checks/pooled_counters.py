"""Counters that were never set back between models: each later figure pools the earlier ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.checks.impossible_accuracy import possible
from valence.doctor.parts import Count, Counts
from valence.doctor.subject import Subject

ACCIDENT = 0.01
"""Chance at most that figures of another origin would all fit a running total: over n answers n of the 10^d decimals do."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """One figure of a later model."""

    row: Count
    before: int
    """Texts of the earlier models, each at its largest size."""


class PooledCounters(Check):
    """The k-th accuracy is that of all models up to it."""

    sentence: ClassVar[str] = "A model's accuracy pools the models before it, since the counters were never set back."
    seed: ClassVar[str] = "zero-shot LLMs: Phi-4-mini 85.51 in the table, 68.36 by its own answers"
    needs: ClassVar[tuple[type, ...]] = (Counts,)

    def applies(self, subject: Subject) -> str:
        """Need a second model."""
        models = {row.model for row in subject.part(Counts).rows}
        return "" if len(models) > 1 else "the table has one model only"

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Compare each figure with its own counts and with the running total; without counts, ask which of the two it can be."""
        rows = subject.part(Counts).rows
        sizes = _sizes(rows)
        own = _last_counts(rows, sizes)
        later = [_Figure(row, _before(sizes, row.model)) for row in rows if _before(sizes, row.model)]
        if all(row.correct is not None for row in rows):
            pooled = [f for f in later if _is_total(f, own, sizes)]
        else:
            torn = [f for f in later if possible(f.row.reported, f.row.decimals, f.row.n) is None]
            fits = [f for f in later if possible(f.row.reported, f.row.decimals, f.before + f.row.n) is not None]
            sure = math.prod(min(1.0, (f.before + f.row.n) * 10.0**-f.row.decimals) for f in torn) < ACCIDENT
            pooled = torn if len(torn) > 1 and len(fits) == len(later) and sure else []
        if not pooled:
            return
        recovered = _recovered(rows, sizes)
        said = "; ".join(f"{name} {100 * share:.2f} %" for name, share in recovered.items())
        message = (
            f"{len(pooled)} of {len(later)} figures fit the running total of all models so far, not the model itself. By itself: {said}."
        )
        yield error(
            message, "Set the counters back for each model, and score every model on the same texts.", pooled=len(pooled), **recovered
        )


def _sizes(rows: tuple[Count, ...]) -> dict[str, int]:
    """Return the largest number of texts of each model, in the order of the table."""
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row.model] = max(sizes.get(row.model, 0), row.n)
    return sizes


def _before(sizes: dict[str, int], model: str) -> int:
    names = list(sizes)
    return sum(sizes[name] for name in names[: names.index(model)])


def _last_counts(rows: tuple[Count, ...], sizes: dict[str, int]) -> dict[str, int]:
    return {row.model: row.correct for row in rows if row.n == sizes[row.model] and row.correct is not None}


def _is_total(figure: _Figure, own: dict[str, int], sizes: dict[str, int]) -> bool:
    """Tell whether a figure is the running total, and not its own share, to the decimals given."""
    row, half = figure.row, 0.5 * 10.0**-figure.row.decimals + 1e-9
    names = list(sizes)
    earlier = sum(own[name] for name in names[: names.index(row.model)])
    assert row.correct is not None
    total = (earlier + row.correct) / (figure.before + row.n)
    return abs(total - row.reported) <= half < abs(row.correct / row.n - row.reported)


def _recovered(rows: tuple[Count, ...], sizes: dict[str, int]) -> dict[str, float]:
    """Take the running totals apart: each model's own accuracy at its largest size."""
    done, found = 0, {}
    for row in rows:
        if row.n == sizes[row.model]:
            total = possible(row.reported, row.decimals, _before(sizes, row.model) + row.n)
            if total is not None:
                found[row.model] = (total - done) / row.n
                done = total
    return found

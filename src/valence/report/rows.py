"""A row of the board: the runs of one experiment that differ by their seed, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from valence.evaluation.bootstrap import bootstrap_intervals
from valence.evaluation.calibration import Reliability, pool, reliability
from valence.evaluation.metrics import score_outcomes
from valence.evaluation.outcomes import Outcomes
from valence.evaluation.paired import Tally, tally
from valence.evaluation.uncertainty import Interval, accuracy_interval, mean_interval
from valence.report.families import family
from valence.report.hardest import Wrong, most_wrong
from valence.report.run_figures import RunFigures, add_up
from valence.store import RunRecord

WRONG = 8
"""Confidently wrong texts kept per row."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the runs of one experiment add up to. Costs are None where unknown: outside predictions come without."""

    records: tuple[RunRecord, ...]
    """By seed."""
    figures: dict[str, Interval]
    """`accuracy`, `macro_f1`, `log_loss`, `ece`: mean over the seeds, with its 95 % interval."""
    valid_rate: float
    accuracy_valid: float
    seed_accuracies: tuple[float, ...]
    """Of each run, in the order of `records`."""
    tally: Tally
    """For paired tests."""
    curve: Reliability
    wrong: tuple[Wrong, ...]
    runs: tuple[RunFigures, ...] = ()
    """Each run by itself, in the order of `records`."""
    missing: int = 0
    """Runs of the same experiment that failed, were interrupted or refused."""
    rank: int = 0
    """1 is best; equal accuracies share a rank."""
    better_than_next_p: float | None = None
    """Holm-adjusted p of the paired test against the next row; None for the last."""
    pareto: bool = False
    """Whether no row measured on the same device is at least as good in accuracy, fit time and throughput and better in one."""

    @property
    def first(self) -> RunRecord:
        """The run with the smallest seed, for what all runs of the row share."""
        return self.records[0]

    @property
    def accuracy(self) -> float:
        """Mean over the seeds."""
        return self.figures["accuracy"].value

    @property
    def family(self) -> str:
        """A key of `FAMILIES`."""
        return family(self.first)

    @property
    def scaled(self) -> Reliability | None:
        """The curve after temperature scaling; None unless every run was calibrated."""
        found = [r.scaled for r in self.runs if r.scaled is not None]
        return pool(found) if found and len(found) == len(self.records) else None

    @property
    def outside(self) -> bool:
        """Whether the predictions were made elsewhere."""
        return not self.first.experiment

    @property
    def size(self) -> str:
        """Labelled training texts: a number, `all`, or empty where unknown."""
        if self.first.n_train is not None:
            return str(self.first.n_train)
        return "" if self.outside else "all"

    @property
    def title(self) -> str:
        """The preset, with the number of training texts where it is not all."""
        return f"{self.first.preset} (n={self.first.n_train:,})" if self.first.n_train is not None else self.first.preset

    @property
    def device(self) -> str:
        """Every device the runs were measured on."""
        return " / ".join(sorted({r.provenance.device for r in self.records if r.provenance.device}))

    @property
    def fit_seconds(self) -> float | None:
        """Mean wall time of a fit."""
        return _over(np.mean, [r.cost.fit_seconds for r in self.records])

    @property
    def texts_per_second(self) -> float | None:
        """Predicted texts over the time it took, all seeds together (the harmonic mean of the runs')."""
        return _over(lambda v: len(v) / np.sum(1 / np.asarray(v)), [r.cost.texts_per_second or None for r in self.records])

    @property
    def trainable_parameters(self) -> int | None:
        """Of the largest run: a bag of words grows with its sample."""
        found = _over(np.max, [r.cost.trainable_parameters for r in self.records])
        return None if found is None else int(found)

    @property
    def peak_memory_bytes(self) -> int | None:
        """Of the largest run."""
        found = _over(np.max, [r.cost.peak_memory_bytes for r in self.records])
        return None if found is None else int(found)


def _over(average: Callable[[list[float]], float], values: Sequence[float | None]) -> float | None:
    """Average the known values; None when none is known."""
    known = [v for v in values if v is not None]
    return float(average(known)) if known else None


def row(runs: Sequence[tuple[RunRecord, Outcomes]], ids: Sequence[str], temperatures: Mapping[str, float] | None = None) -> Row:
    """Add up the runs of one experiment; `temperatures` by run id are those of `valence calibrate`.

    Point values of `log_loss` and `ece` are those of the records, since committed predictions are rounded to four decimals;
    accuracies are counted from the predictions, which rounding leaves as they are.
    """
    runs = sorted(runs, key=lambda run: run[0].seed)
    correct = np.stack([outcomes.correct for _, outcomes in runs])
    scores = [score_outcomes(outcomes) for _, outcomes in runs]
    intervals = [_at_recorded(bootstrap_intervals(o, figures=s), record) for (record, o), s in zip(runs, scores, strict=True)]
    figures = {"accuracy": accuracy_interval(correct)}
    hot = temperatures or {}
    each = [{"accuracy": accuracy_interval(o.correct[None]), **found} for (_, o), found in zip(runs, intervals, strict=True)]
    figures |= {name: mean_interval([found[name] for found in intervals]) for name in ("macro_f1", "log_loss", "ece")}
    return Row(
        records=tuple(record for record, _ in runs),
        figures=figures,
        valid_rate=float(np.mean([s["valid_rate"] for s in scores])),
        accuracy_valid=float(np.mean([s["accuracy_valid"] for s in scores])),
        seed_accuracies=tuple(s["accuracy"] for s in scores),
        tally=tally(correct),
        curve=pool([reliability(outcomes) for _, outcomes in runs]),
        wrong=most_wrong([outcomes for _, outcomes in runs], ids, runs[0][0].labels, WRONG),
        runs=tuple(add_up(record, o, found, ids, hot.get(record.id)) for (record, o), found in zip(runs, each, strict=True)),
    )


def _at_recorded(intervals: dict[str, Interval], record: RunRecord) -> dict[str, Interval]:
    """Move the intervals of log loss and calibration error onto the recorded values, which were not rounded."""
    moved = dict(intervals)
    for name in ("log_loss", "ece"):
        value, found = record.metrics.get(name), intervals[name]
        if value is not None:
            shift = value - found.value
            moved[name] = Interval(value, max(0.0, found.low + shift), found.high + shift)
    return moved


def ranks(accuracies: Iterable[float]) -> list[int]:
    """Return the ranks of accuracies sorted from best to worst; equal ones share the better rank."""
    found: list[int] = []
    before = None
    for position, value in enumerate(accuracies, start=1):
        found.append(found[-1] if before is not None and value == before else position)
        before = value
    return found

"""What a reader must know before trusting a learning curve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from valence.evaluation.outcomes import Outcomes
from valence.report.curve_groups import labels_used
from valence.store import RunRecord

NEARLY_ALL = 0.98
"""Share of answers in one class from which on a run counts as collapsed, where the labels hold less than `MOST` of it."""
MOST = 0.9


@dataclass(frozen=True, slots=True)
class Answers:
    """How one run's answers fall into classes."""

    label: str
    """The class answered most often."""
    share: float
    """Of the answers."""
    true_share: float
    """Of the labels in that class."""

    @property
    def collapsed(self) -> bool:
        """Whether nearly all answers are one class though the labels are not."""
        return self.share >= NEARLY_ALL and self.true_share < MOST


def answers(outcomes: Outcomes, labels: Sequence[str]) -> Answers:
    """Return the most frequent answer and its shares."""
    counts = np.bincount(outcomes.predictions, minlength=len(labels))
    top = int(counts.argmax())
    return Answers(labels[top], float(counts[top] / len(outcomes)), float((outcomes.labels == top).mean()))


def warnings_of(
    runs: Mapping[str, Sequence[RunRecord]], read: Mapping[str, Answers], refused: Sequence[str], span: tuple[int, int] | None
) -> list[str]:
    """Return one line for each thing that is wrong.

    Args:
        runs: of each curve, by its title.
        read: how each finished run answers, by its id.
        refused: runs that were scored on other texts.
        span: the sizes all curves have in common.
    """
    found = [line for title, records in runs.items() for line in (*_failed(title, records), *_collapsed(title, records, read))]
    digests = {r.provenance.data_digest for records in runs.values() for r in records if r.provenance.data_digest}
    if len(digests) > 1:
        found.append(
            f"The runs were trained on {len(digests)} versions of the data ({', '.join(sorted(digests))}): run the older ones again."
        )
    if refused:
        found.append(f"{len(refused)} runs were scored on other texts than the rest and are left out: {', '.join(refused[:3])}.")
    if span is None and len(runs) > 1:
        found.append("The curves have no stretch of sizes in common, so that their areas cannot be compared.")
    return found


def size(n: int | None) -> str:
    """Write a number of training texts: `1,024`, `all`."""
    return "all" if n is None else f"{n:,}"


def _failed(title: str, records: Sequence[RunRecord]) -> list[str]:
    """Say where runs are missing from a mean: the mean of those that finished is too good where the others collapsed."""
    lines = []
    for n, here in _by_size(records).items():
        bad = [r for r in here if r.status != "ok"]
        if bad:
            seeds = ", ".join(str(r.seed) for r in bad)
            left = "the mean is that of the others" if len(bad) < len(here) else "there is no point"
            reason = (bad[0].error or "No reason was recorded.").rstrip(".")
            lines.append(f"{title} at N = {size(n)}: {len(bad)} of {len(here)} runs did not finish (seed {seeds}), {left}. {reason}.")
    return lines


def _collapsed(title: str, records: Sequence[RunRecord], read: Mapping[str, Answers]) -> list[str]:
    lines = []
    for n, here in _by_size(records).items():
        bad = [(r, read[r.id]) for r in here if r.id in read and read[r.id].collapsed]
        if bad:
            seeds, worst = ", ".join(str(r.seed) for r, _ in bad), max(a.share for _, a in bad)
            lines.append(
                f"{title} at N = {size(n)}: nearly all answers are one class (seed {seeds}; up to {100 * worst:.1f} % {bad[0][1].label!r})."
            )
    return lines


def _by_size(records: Sequence[RunRecord]) -> dict[int | None, list[RunRecord]]:
    sizes: dict[int | None, list[RunRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.n_train is None, r.n_train or 0, r.seed)):
        sizes[labels_used(record)].append(record)
    return sizes


__all__ = ["Answers", "answers", "size", "warnings_of"]

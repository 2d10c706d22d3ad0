"""The report of an audit: what it holds, and how it is said on a screen."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import BaseModel, ConfigDict

from valence.data._labels import doubtful_labels

KEPT_OUT = "kept_out"
"""The split of the training rows that nothing is trained on, since they are phrases of texts to be scored."""
SHOWN = 5
"""Rows of a kind that a screen shows; the JSON has all."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SplitFacts(_Facts):
    """One split by itself."""

    rows: int
    classes: dict[str, int]
    """Rows of each label."""
    unlabeled: int
    """Rows without a label."""
    withheld: bool
    """Whether a split that should be labelled has no label at all."""
    empty: tuple[str, ...]
    """Texts without a single visible character."""
    words: dict[str, float]
    """Quantiles of the number of words: `0` is the shortest text, `0.5` the median, `1` the longest."""


class Overlap(_Facts):
    """How much of one split is in another, or repeats itself."""

    first: str
    second: str
    """The same as `first` for repeats within a split."""
    exact: int
    """Rows of `second` whose text is also in `first`; within a split, rows that repeat an earlier one."""
    near: int
    """Further rows of `second` that are nearly the same as one in `first` (within a split, as an earlier one), but equal to none."""


class ExactGroup(_Facts):
    """Rows with one text, once HTML is unescaped, tags are dropped, white space is collapsed and case folded."""

    rows: tuple[str, ...]
    conflict: bool
    """Whether they carry different labels."""


class Near(_Facts):
    """Two texts that are nearly the same; each stands for all its exact duplicates."""

    rows: tuple[str, str]
    jaccard: float
    """Of their sets of word triples."""
    conflict: bool
    """Whether they carry different labels."""


class AuditReport(_Facts):
    """The findings; `to_json()` and `to_text()` give them away, `sentences()` sums them up."""

    data: str
    digest: str
    threshold: float
    """Jaccard index from which on two texts are near duplicates."""
    splits: dict[str, SplitFacts]
    overlaps: tuple[Overlap, ...]
    """Pairs of splits in the order train, dev, test, unlabeled, each also with itself; those without any overlap are left out."""
    exact: tuple[ExactGroup, ...]
    near: tuple[Near, ...]

    @property
    def exact_conflicts(self) -> tuple[ExactGroup, ...]:
        """The texts that carry different labels."""
        return tuple(g for g in self.exact if g.conflict)

    @property
    def near_conflicts(self) -> tuple[Near, ...]:
        """The near duplicates that carry different labels."""
        return tuple(p for p in self.near if p.conflict)

    def overlap(self, first: str, second: str) -> Overlap:
        """Return the overlap of two splits, or of one with itself; zeros where there is none."""
        found = (o for o in self.overlaps if (o.first, o.second) == (first, second))
        return next(found, Overlap(first=first, second=second, exact=0, near=0))

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values for `json.dumps`."""
        return self.model_dump(mode="json")

    def to_text(self) -> str:
        """Return the report for a screen: a line per split, the findings, and the first of the rows concerned."""
        lines = [f"{self.data} ({self.digest})"]
        for name, f in self.splits.items():
            classes = ", ".join(f"{n:,} {label}" for label, n in f.classes.items() if n)
            parts = [
                classes,
                f"{f.unlabeled:,} without label" if f.unlabeled else "",
                f"median {f.words['0.5']:,.0f} words" if f.words else "",
            ]
            lines.append(f"  {name:<10}{f.rows:>10,} rows   {'; '.join(p for p in parts if p)}".rstrip())
        lines += self.sentences() or ["Nothing found: no duplicates, no conflicts, no empty texts."]
        lines += [f"  differently labelled: {' = '.join(g.rows)}" for g in self.exact_conflicts[:SHOWN]]
        lines += [f"  differently labelled: {' ≈ '.join(p.rows)} ({p.jaccard:.2f})" for p in self.near_conflicts[:SHOWN]]
        return "\n".join(lines)

    def _label_counts(self) -> dict[str, int]:
        """Return the rows of each label over all splits."""
        counts: Counter[str] = Counter()
        for facts in self.splits.values():
            counts.update(facts.classes)
        return dict(counts)

    def sentences(self) -> list[str]:
        """Return the findings, worst first, one sentence each; none when nothing is wrong."""
        found = [f"{name}: all {f.rows:,} labels are withheld." for name, f in self.splits.items() if f.withheld]
        if KEPT_OUT in self.splits:
            found.append(
                f"{self.splits[KEPT_OUT].rows:,} training rows stand word for word in a dev or test text: they are kept out of train."
            )
        for o in sorted(self.overlaps, key=lambda o: o.first == o.second):
            where = f"occur in {o.first} too" if o.first != o.second else "repeat an earlier one"
            found.append(f"{o.second}: {o.exact:,} of {self.splits[o.second].rows:,} texts {where}; {o.near:,} more nearly so.")
        if self.exact_conflicts or self.near_conflicts:
            found.append(f"{len(self.exact_conflicts):,} texts and {len(self.near_conflicts):,} near duplicates carry different labels.")
        found += doubtful_labels(self._label_counts())
        found += [f"{name}: {len(f.empty):,} texts are empty." for name, f in self.splits.items() if f.empty]
        return found

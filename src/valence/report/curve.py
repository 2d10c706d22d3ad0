"""Accuracy against the number of labelled training texts, from the finished runs of a store.

curves = build(RunStore("runs"), "sst2", n_all=63_968, targets=(0.9,))
write(curves, "board")          # sst2-curve.md, .csv, .html, .png
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadSetting, UnknownName
from valence.evaluation.learning_curve import Needed, area, labels_needed
from valence.evaluation.outcomes import Outcomes
from valence.evaluation.uncertainty import Interval, accuracy_interval
from valence.report.curve_groups import group, is_curve, labels_used, titles_of, uses_no_labels
from valence.report.curve_warnings import Answers, answers, warnings_of
from valence.report.reading import Reader, reference, select
from valence.store import RunRecord, RunStore

TARGETS = (0.8, 0.85, 0.9, 0.95)
"""Accuracies whose labels are asked for when none are named; those that no curve reaches are left out."""


@dataclass(frozen=True, slots=True)
class Point:
    """The runs of one curve on as many labelled texts."""

    n: int | None
    """Labelled texts, those held out for validation included; None where they were all taken and nobody knows how many."""
    whole: bool
    """Whether they are all the data set has."""
    accuracy: Interval
    """Mean over the seeds, with its 95 % interval over texts and, with several seeds, over these."""
    seed_accuracies: tuple[float, ...]
    """In the order of `seeds`."""
    seeds: tuple[int, ...]
    missing: int = 0
    """Runs that failed or were interrupted and are not in the mean."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The runs that differ by their seed and their number of training texts only."""

    title: str
    method: str
    """Empty for predictions made elsewhere."""
    flat: bool
    """Whether it uses no labels, so that its one accuracy holds for every number of them."""
    points: tuple[Point, ...]
    """By size; the whole data set comes last."""
    area: Interval | None = None
    """Mean accuracy per doubling over the common sizes; None where there are fewer than two."""
    needed: tuple[Needed, ...] = ()
    """One per target; none for a flat line."""

    @property
    def measured(self) -> tuple[Point, ...]:
        """The points whose size is known."""
        return tuple(p for p in self.points if p.n is not None)


@dataclass(frozen=True, slots=True)
class Curves:
    """All that the table, the page and the figure show."""

    data: str
    score_on: str
    n: int
    """Scored texts."""
    n_all: int | None
    """Labelled training texts the data set has; None where unknown."""
    targets: tuple[float, ...]
    span: tuple[int, int] | None
    """Smallest and largest size that all curves have in common: the areas are taken between them."""
    curves: tuple[Curve, ...]
    """Largest area first; flat lines by their accuracy."""
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the files are called."""
        return f"{self.data}-curve" if self.score_on == "test" else f"{self.data}-{self.score_on}-curve"


def build(
    store: RunStore,
    data: str,
    *,
    names: Sequence[str] = (),
    score_on: str = "test",
    n_all: int | None = None,
    targets: Sequence[float] = (),
) -> Curves:
    """Group the finished runs of a data set into curves.

    Args:
        store: the runs.
        data: the data set's name as records carry it.
        names: presets to show; when not given, every one with two sizes or more, and all that use no labels.
        score_on: the split whose runs are read.
        n_all: how many labelled training texts the data set has, which is where runs on all of them stand.
        targets: accuracies whose labels are asked for; of `TARGETS` those within reach when not given.

    Raises:
        UnknownName: the store has no run on this data set and split, or none of a preset that was named.
        BadSetting: a target outside 0 to 1, or no curve is left.
    """
    _check_targets(targets)
    finished, unfinished = select(store, data, score_on)
    _check_names(names, [r.preset for r in finished] + [e.preset for e in unfinished])
    common = reference(finished) if finished else None
    kept = [r for r in finished if common is not None and not common.refuses(r) and (not names or r.preset in names)]
    refused = [r.id for r in finished if common is not None and common.refuses(r) and (not names or r.preset in names)]
    failed = [record for e in unfinished if (record := store.find(e.run)) is not None and (not names or record.preset in names)]
    groups = group(kept, failed)
    if not names:
        groups = {key: runs for key, runs in groups.items() if is_curve(runs)}
    read = _read(store, [run for runs in groups.values() for run in runs if run.status == "ok"])
    titles = titles_of(groups)
    curves = [c for key, runs in groups.items() if (c := _curve(titles[key], runs, read, n_all)) is not None]
    if not curves:
        raise BadSetting(_nothing(data, names, kept))
    span = _span(curves)
    asked = tuple(targets) or _within_reach(curves)
    return Curves(
        data=data,
        score_on=score_on,
        n=common.n if common else 0,
        n_all=n_all,
        targets=asked,
        span=span,
        curves=_ordered([_with_figures(c, span, asked) for c in curves]),
        warnings=tuple(warnings_of({titles[k]: runs for k, runs in groups.items()}, {k: a for k, (_, a) in read.items()}, refused, span)),
    )


def _check_targets(targets: Sequence[float]) -> None:
    off = [t for t in targets if not 0 < t < 1]
    if off:
        raise BadSetting(f"target = {off[0]:g} is out of range. An accuracy lies between 0 and 1, such as 0.9.")


def _check_names(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownName("preset with runs", name, set(known))


def _nothing(data: str, names: Sequence[str], kept: Sequence[RunRecord]) -> str:
    data = next((str(r.experiment["data"]) for r in kept if r.experiment.get("data")), data)
    if names:
        return f"No run of {', '.join(names)} on {data} has finished. Run one: valence run {names[0]} --data {data} --n-train 256"
    return (
        f"No preset has finished runs of two sizes on {data} ({len(kept)} runs there are). "
        f"Run one: valence run nb_svm --data {data} --n-train 256, or name the presets to show."
    )


# ---------------------------------------------------------------- adding up


def _read(store: RunStore, records: Sequence[RunRecord]) -> dict[str, tuple[NDArray[np.bool_], Answers]]:
    """Return by run id what it got right, in one order of texts for all, and how its answers fall into classes."""
    found: dict[str, tuple[NDArray[np.bool_], Answers]] = {}
    for record, outcomes in Reader(store).outcomes(records):
        if isinstance(outcomes, Outcomes):
            found[record.id] = outcomes.correct, answers(outcomes, record.labels)
    return found


def _curve(title: str, runs: Sequence[RunRecord], read: dict[str, tuple[NDArray[np.bool_], Answers]], n_all: int | None) -> Curve | None:
    sizes: dict[int | None, list[RunRecord]] = defaultdict(list)
    for run in sorted(runs, key=lambda r: r.seed):
        sizes[labels_used(run)].append(run)
    points = [_point(n, here, read, n_all) for n, here in sizes.items()]
    done = sorted((p for p in points if p is not None), key=lambda p: (p.whole, p.n or 0))
    return Curve(title, runs[0].method, uses_no_labels(runs), tuple(done)) if done else None


def _point(n: int | None, runs: Sequence[RunRecord], read: dict[str, tuple[NDArray[np.bool_], Answers]], n_all: int | None) -> Point | None:
    done = [r for r in runs if r.id in read]
    if not done:
        return None
    correct = np.stack([read[r.id][0] for r in done])
    whole = n is None or n == n_all
    return Point(
        n=n_all if n is None else n,
        whole=whole,
        accuracy=accuracy_interval(correct),
        seed_accuracies=tuple(float(c.mean()) for c in correct),
        seeds=tuple(r.seed for r in done),
        missing=len(runs) - len(done),
    )


def _span(curves: Sequence[Curve]) -> tuple[int, int] | None:
    """Return the sizes between which every curve of two sizes and more was measured; None where there is no such stretch."""
    sizes = [[p.n for p in c.measured if p.n is not None] for c in curves if not c.flat]
    long = [s for s in sizes if len(s) > 1]
    if not long:
        return None
    low, high = max(s[0] for s in long), min(s[-1] for s in long)
    return (low, high) if low < high else None


def _within_reach(curves: Sequence[Curve]) -> tuple[float, ...]:
    """Return the targets that some curve reaches and some curve starts below."""
    values = [[p.accuracy.value for p in c.measured] for c in curves if not c.flat and c.measured]
    return tuple(t for t in TARGETS if any(max(v) >= t for v in values) and any(v[0] < t for v in values))


def _with_figures(curve: Curve, span: tuple[int, int] | None, targets: Sequence[float]) -> Curve:
    if curve.flat:
        return replace(curve, area=curve.points[0].accuracy)
    sizes, accuracies = [float(p.n or 0) for p in curve.measured], [p.accuracy for p in curve.measured]
    needed = tuple(labels_needed(sizes, accuracies, t) for t in targets) if sizes else ()
    return replace(curve, area=area(sizes, accuracies, *span) if span and len(sizes) > 1 else None, needed=needed)


def _ordered(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    def place(curve: Curve) -> tuple[bool, float, str]:
        figure = curve.area or curve.points[-1].accuracy
        return curve.flat, -figure.value, curve.title

    return tuple(sorted(curves, key=place))


def write(curves: Curves, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the curves as Markdown, CSV, HTML and PNG, each beside and renamed, and return the paths."""
    from valence.report import curve_figure, curve_page, curve_text

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    files = {
        "md": curve_text.markdown(curves).encode(),
        "csv": curve_text.csv_text(curves).encode(),
        "html": curve_page.render(curves).encode(),
        "png": curve_figure.draw(curves),
    }
    written = []
    for ending, content in files.items():
        path = place / f"{curves.name}.{ending}"
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_bytes(content)
        beside.replace(path)
        written.append(path)
    return written


__all__ = ["TARGETS", "Curve", "Curves", "Point", "build", "write"]

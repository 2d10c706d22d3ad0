"""What a run made of runs is called and what it is recorded to have cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valence.combine.sources import Source
from valence.errors import FailedRun
from valence.evaluation import metrics
from valence.experiment import Experiment, experiment
from valence.machine import commit, versions
from valence.methods._combination import Rule
from valence.methods.cascade import Switch
from valence.store import Cost, Provenance, RunRecord, Scored, ids_digest


def made_experiment(how: str, sources: Sequence[Source], settings: dict[str, Any]) -> Experiment:
    """Return the experiment that stands for a combination: the members' data and seed, and their ids as `members`.

    Raises:
        UnknownName: a setting that the way does not have.
        BadSetting: a value out of range.
    """
    first = sources[0].experiment
    outer = {k: getattr(first, k) for k in Experiment.model_fields if k not in {"method", "preset", "n_train"}}
    samples = [source.experiment.n_train for source in sources]
    n_train = None if None in samples else max(n for n in samples if n is not None)
    return experiment(how, members=",".join(s.record.id for s in sources), n_train=n_train, **outer, **settings)


def made_record(
    chosen: Experiment, sources: Sequence[Source], scored: Scored, stored: NDArray[np.float32], rule: Rule, seconds: float
) -> RunRecord:
    """Return the record of a combination.

    Args:
        chosen: what `made_experiment` returned.
        sources: the members.
        scored: the merged predictions.
        stored: (m, n, k) the members' own, of which they were merged.
        rule: what merged them.
        seconds: time that combining took.

    Raises:
        FailedRun: the predictions are no probabilities, or give every text the same answer.
    """
    records, probabilities = [source.record for source in sources], scored.predictions.probabilities
    first = records[0]
    metrics.check_predictions(probabilities, len(first.labels))
    collapse = metrics.find_collapse(scored.labels, probabilities)
    if collapse:
        raise FailedRun(collapse)
    revision, dirty = commit()
    backbone = "+".join(dict.fromkeys(r.backbone for r in records if r.backbone))
    device = " + ".join(dict.fromkeys(r.provenance.device for r in records))
    return RunRecord(
        id=chosen.id,
        group=_group(chosen, records),
        preset=_title(chosen, records),
        method=chosen.method.name(),
        backbone=backbone,
        data=first.data,
        n_train=chosen.n_train,
        seed=chosen.seed,
        score_on=first.score_on,
        experiment=chosen.model_dump(mode="json"),
        command=_command(chosen, records),
        status="ok",
        labels=first.labels,
        n_scored=len(scored.ids),
        ids_digest=ids_digest(scored.ids, scored.labels),
        metrics=metrics.score(scored.labels, probabilities),
        cost=_cost(records, rule, stored, seconds),
        provenance=Provenance(
            commit=revision, dirty=dirty, data_digest=first.provenance.data_digest, weights=backbone, versions=versions(), device=device
        ),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _title(chosen: Experiment, records: Sequence[RunRecord]) -> str:
    """Return what the board calls it: the way, its settings that differ from the defaults, the members."""
    settings = ", ".join(f"{name} {_short(value)}" for name, value in _settings(chosen).items())
    counts = Counter(r.preset for r in records)
    members = " + ".join(title if count == 1 else f"{count} {title}" for title, count in counts.items())
    return f"{chosen.method.name()}{f' ({settings})' if settings else ''} of {members}"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _settings(chosen: Experiment) -> dict[str, Any]:
    return chosen.method.model_dump(mode="json", exclude_defaults=True, exclude={"members"})


def _group(chosen: Experiment, records: Sequence[RunRecord]) -> str:
    """Return what combinations of the same rows over other seeds share, so that the board takes them as seeds of one row."""
    rows = chosen.method.model_copy(update={"members": ",".join(r.group for r in records)})
    return chosen.model_copy(update={"method": rows}).group


def _command(chosen: Experiment, records: Sequence[RunRecord]) -> str:
    flags = [f"--{name.replace('_', '-')} {value}" for name, value in _settings(chosen).items()]
    return " ".join(["valence combine", *(r.id for r in records), "--how", chosen.method.name(), *flags])


def _cost(records: Sequence[RunRecord], rule: Rule, stored: NDArray[np.float32], seconds: float) -> Cost:
    """Add up the members' costs; a text that a cascade passes on costs both members' time, another the first's alone."""
    fits, speeds, n = [r.cost.fit_seconds for r in records], [r.cost.texts_per_second for r in records], stored.shape[1]
    asked = [1.0] * len(records)
    if isinstance(rule, Switch):
        asked[1] = float(rule.passed_on(stored[0]).mean())
    known = [speed for speed in speeds if speed]
    per_text = sum(share / speed for share, speed in zip(asked, known, strict=True)) if len(known) == len(speeds) else None
    own = sum(array.size for array in rule.arrays.values())
    return Cost(
        fit_seconds=seconds + sum(f for f in fits if f is not None) if None not in fits else None,
        predict_seconds=None if per_text is None else n * per_text,
        texts_per_second=1 / per_text if per_text else None,
        trainable_parameters=_total([r.cost.trainable_parameters for r in records], own),
        total_parameters=_total([r.cost.total_parameters for r in records], own),
    )


def _total(counts: Sequence[int | None], own: int) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) + own if len(known) == len(counts) else None

"""A run made of runs: their stored predictions of the scored split, and a rule learned on texts that none was fitted on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from valence import runner
from valence.combine.curve import CascadeCurve, cascade_curve, relative_price
from valence.combine.recording import made_experiment, made_record
from valence.combine.sources import Source, answer_unseen, check_comparable, read_sources, unlike, unseen
from valence.errors import BadSetting, UnknownName
from valence.methods._combination import Combination, Combined, Member, Rule
from valence.methods.cascade import Cascade, Switch
from valence.methods.vote import Vote
from valence.runner import Screen
from valence.store import RunRecord, RunStore, Scored, align, write_predictions
from valence.types import Predictions

HOWS = ("vote", "stacking", "cascade")
HELD_OUT = "held_out"
"""Folder in the model of a run made of runs, with its answers to the texts that the rule was learned on."""


@dataclass(frozen=True, slots=True)
class Made:
    """A run made of runs."""

    record: RunRecord
    members: tuple[RunRecord, ...]
    held_out: int
    """Texts the rule was learned on; 0 where it needed none."""
    rule: dict[str, list[Any]]
    """The numbers that were learned."""
    notes: tuple[str, ...]
    """What a reader of the figures should know."""
    curve: CascadeCurve | None
    """Of a cascade."""


def combine(
    store: RunStore,
    names: Sequence[str],
    how: str = "vote",
    *,
    budget: float | None = None,
    device: str = "auto",
    screen: Screen | None = None,
    **settings: Any,  # noqa: ANN401 - each way has its own
) -> Made:
    """Combine finished runs into one, and keep it in their store.

    The scored split is not predicted again: the members' stored predictions are merged. Only the held-out texts are, and
    only where the rule learns from them. A vote with equal weights and a cascade with a given threshold learn nothing, and so
    take runs without a model too.

    Args:
        store: where the runs are.
        names: two or more runs; of a cascade exactly two, the cheap one first.
        how: `vote`, `stacking` or `cascade`.
        budget: of a cascade, its mean time per text over that of the second member, at most.
        device: where held-out texts are predicted.
        screen: shows progress.
        settings: of the method of that name, such as `weights`, `cost`, `threshold`, `share` or `loss`.

    Raises:
        UnknownName: no run, way to combine or setting is called so.
        BadSetting: runs that cannot be members, settings out of range, or a member without the model that the rule asks.
        Mismatch: runs on other data or labels, or with too few held-out texts in common.
        FailedRun: the combination gives every text the same answer.
    """
    if how not in HOWS:
        raise UnknownName("way to combine", how, HOWS)
    started = time.perf_counter()
    sources = read_sources(store, names)
    _check_members(sources, how)
    if budget is not None:
        settings["share"] = _share(sources, how, budget, settings)
    chosen = made_experiment(how, sources, settings)
    scored, stored = _stored(store, sources)
    method = cast(Combination, chosen.method)
    bare = _without_model(sources, store) if _learns_nothing(method) else ()
    members = () if bare else _members(sources, store, device)
    rule, held_out, notes = _learn(method, sources, members, store, device, screen)
    merged = Scored(scored.ids, scored.labels, Predictions(rule.merge(stored)))
    record = made_record(chosen, sources, merged, stored, rule, time.perf_counter() - started)
    with store.lock(record.id):
        record = store.save(record, merged, None if bare else lambda folder: _save(folder, Combined(members, rule), held_out))
    curve = None
    if isinstance(rule, Switch):
        curve = cascade_curve(stored, scored.labels, (sources[0].record, sources[1].record), rule.threshold)
    learned = {name: array.tolist() for name, array in rule.arrays.items()}
    notes += _on_models(bare, sources) + _on_speeds(sources) + _on_likeness(held_out, merged)
    return Made(record, tuple(s.record for s in sources), 0 if held_out is None else len(held_out.ids), learned, notes, curve)


def _check_members(sources: Sequence[Source], how: str) -> None:
    if len(sources) < 2 or (how == "cascade" and len(sources) > 2):
        needs = "exactly two runs, the cheap one first" if how == "cascade" else "two or more runs"
        raise BadSetting(f"{len(sources)} different runs were given; a {how} needs {needs}. See: valence list runs")
    for source in sources:
        if isinstance(source.experiment.method, Combination):
            raise BadSetting(f"{source.record.id} is a combination itself. Combine its members instead: {source.experiment.method.members}")
    check_comparable(sources)
    price = relative_price(sources[0].record, sources[1].record)
    if how == "cascade" and price is not None and price > 1:
        raise BadSetting(
            f"{sources[0].record.id} takes {price:.3g} times as long per text as {sources[1].record.id}. Name the cheap one first."
        )


def _share(sources: Sequence[Source], how: str, budget: float, settings: dict[str, Any]) -> float:
    """Turn a budget into the share of texts that may be passed on."""
    if how != "cascade" or settings.get("share") is not None or settings.get("threshold") is not None:
        raise BadSetting(
            "A budget belongs to a cascade without a share or threshold. Give --how cascade, and one of --budget, --share and --threshold."
        )
    price = relative_price(sources[0].record, sources[1].record)
    if price is None:
        raise BadSetting("A budget needs both runs' texts_per_second, and one has none. Give --share instead.")
    if not price <= budget <= 1 + price:
        raise BadSetting(f"budget = {budget:g} is out of reach: the first run alone costs {price:.3g} of the second, both {1 + price:.3g}.")
    return min(budget - price, 1.0)


def _stored(store: RunStore, sources: Sequence[Source]) -> tuple[Scored, NDArray[np.float32]]:
    """Return the scored texts and the members' (m, n, k) stored answers to them, in one order."""
    first = store.predictions(sources[0].record.id)
    aligned = [align(store.predictions(source.record.id), first.ids) for source in sources]
    return first, np.stack([scored.predictions.probabilities for scored in aligned])


def _learns_nothing(method: Combination) -> bool:
    return (isinstance(method, Vote) and method.weights == "equal") or (isinstance(method, Cascade) and method.threshold is not None)


def _without_model(sources: Sequence[Source], store: RunStore) -> tuple[str, ...]:
    """Return the runs that hold predictions alone, as those of a committed board do."""
    return tuple(s.record.id for s in sources if not (store.path(s.record.id) / "model").is_dir())


def _members(sources: Sequence[Source], store: RunStore, device: str) -> tuple[Member, ...]:
    models = [runner.load(source.record.id, store, device=device)[0] for source in sources]
    return tuple(Member(s.experiment.method, model, s.experiment.seed, s.record.id) for s, model in zip(sources, models, strict=True))


def _learn(
    method: Combination, sources: Sequence[Source], members: Sequence[Member], store: RunStore, device: str, screen: Screen | None
) -> tuple[Rule, Scored | None, tuple[str, ...]]:
    """Return the rule, what it answers to the texts it was learned on, and what to know about them."""
    if _learns_nothing(method):
        return method.learn(np.empty((len(sources), 0, 2), np.float32), np.empty(0, np.int64)), None, ()
    texts = unseen(sources)
    pairs = zip(sources, members, strict=True)
    answers = np.stack([answer_unseen(s, texts, store, model=m.classifier, device=device, screen=screen) for s, m in pairs])
    rule = method.learn(answers, texts.labels)
    most = max(len(source.parts.valid) for source in sources)
    notes = [f"the members' held-out texts differ; {len(texts):,} of {most:,} are common to all"] if len(texts) < most else []
    twins = [s.record.preset for s in sources if s.experiment.method.learns_from_valid]
    if twins:
        notes.append(f"fitted once more without the held-out texts, to answer them unseen: {', '.join(twins)}")
    return rule, Scored(texts.ids, texts.labels, Predictions(rule.merge(answers))), tuple(notes)


def _save(folder: Path, combined: Combined, held_out: Scored | None) -> None:
    combined.save(folder)
    if held_out is not None:
        (folder / HELD_OUT).mkdir()
        write_predictions(folder / HELD_OUT / "predictions.parquet", held_out)


def _on_models(bare: Sequence[str], sources: Sequence[Source]) -> tuple[str, ...]:
    if not bare:
        return ()
    lacking = "no member holds a model" if len(bare) == len(sources) else f"{', '.join(bare)} without a model"
    return (f"{lacking}: this run holds predictions alone",)


def _on_speeds(sources: Sequence[Source]) -> tuple[str, ...]:
    devices = dict.fromkeys(source.record.provenance.device for source in sources)
    if len(devices) < 2:
        return ()
    return (f"the members' speeds were measured on different devices ({', '.join(devices)}), so that the cost is of neither",)


def _on_likeness(held_out: Scored | None, scored: Scored) -> tuple[str, ...]:
    if held_out is None:
        return ()
    reason = unlike(*(s.predictions.labels == s.labels for s in (held_out, scored)))
    return (reason,) if reason else ()

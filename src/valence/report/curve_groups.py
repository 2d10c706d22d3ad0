"""Which runs make one learning curve, and what it is called."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from valence.store import RunRecord

Key = tuple[str, str]
"""A preset's name, and the settings its runs have in common."""
NOT_OF_A_CURVE = {"n_train", "seed", "preset"}
"""What may differ along a curve; settings that are not set are left out too, as older records lack the newest."""

MODELS = ("model", "backbone")
"""Settings that say most about a curve, and whose values speak for themselves."""


def group(finished: Sequence[RunRecord], failed: Sequence[RunRecord]) -> dict[Key, list[RunRecord]]:
    """Put together what differs by seed and size only; failed runs join curves that have finished ones, or none."""
    groups: dict[Key, list[RunRecord]] = defaultdict(list)
    for record in (*finished, *failed):
        groups[record.preset, _settings(record)].append(record)
    return dict(sorted(groups.items()))


def _settings(record: RunRecord) -> str:
    """Return what a curve's runs have in common; of predictions made elsewhere only the name is known."""
    return json.dumps({k: v for k, v in record.experiment.items() if v is not None and k not in NOT_OF_A_CURVE}, sort_keys=True)


def is_curve(runs: Sequence[RunRecord]) -> bool:
    """Tell whether runs make a line: of two sizes and more, or level since no labels are used."""
    return uses_no_labels(runs) or len({labels_used(r) for r in runs if r.status == "ok"}) > 1


def labels_used(record: RunRecord) -> int | None:
    """Return how many labelled texts a run may use, none for all; a prompt that learns nothing else uses its examples alone."""
    method = record.experiment.get("method")
    shots = method.get("shots") if isinstance(method, dict) else None
    return int(shots) if shots and record.n_train is None and record.cost.trainable_parameters == 0 else record.n_train


def uses_no_labels(runs: Sequence[RunRecord]) -> bool:
    """Tell whether a method learned nothing from labelled texts, as a zero-shot language model."""
    done = [r for r in runs if r.status == "ok"]
    return bool(done) and all(labels_used(r) is None and r.cost.trainable_parameters == 0 for r in done)


def titles_of(groups: dict[Key, list[RunRecord]]) -> dict[Key, str]:
    """Name each curve by its preset, and by the fewest settings that tell all of that preset apart."""
    titles: dict[Key, str] = {}
    for preset in {key[0] for key in groups}:
        alike = {key: _flat(json.loads(key[1])) for key in groups if key[0] == preset}
        names = _telling(list(alike.values()))
        for key, settings in alike.items():
            told = ", ".join(_said(name, settings[name]) for name in names if name in settings)
            titles[key] = f"{preset} ({told})" if told else preset
    return titles


def _telling(settings: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Return the fewest names, the model's before others, whose values no two of the settings share."""
    values = {name: [json.dumps(s.get(name), sort_keys=True) for s in settings] for name in sorted({k for s in settings for k in s})}
    differing = sorted((name for name, found in values.items() if len(set(found)) > 1), key=lambda name: name not in MODELS)
    for count in range(len(differing) + 1):
        for names in itertools.combinations(differing, count):
            if len(set(zip(*(values[n] for n in names), strict=True))) == len(settings) or len(settings) == 1:
                return names
    return tuple(differing)


def _said(name: str, value: object) -> str:
    return str(value).rpartition("/")[2] if name in MODELS else f"{name}={value}"


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    method = settings.get("method")
    outer = {k: v for k, v in settings.items() if k != "method"}
    return {**outer, **method} if isinstance(method, dict) else settings


__all__ = ["Key", "group", "is_curve", "labels_used", "titles_of", "uses_no_labels"]

"""Which runs make one learning curve, and what it is called."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from valence.store import RunRecord

Key = tuple[str, str]
"""A preset's name, and the settings its runs have in common."""
NOT_OF_A_CURVE = {"n_train", "seed", "preset"}
"""What may differ along a curve; settings that are not set are left out too, as older records lack the newest."""


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
    return uses_no_labels(runs) or len({r.n_train for r in runs if r.status == "ok"}) > 1


def uses_no_labels(runs: Sequence[RunRecord]) -> bool:
    """Tell whether a method learned nothing from labelled texts, as a zero-shot language model."""
    done = [r for r in runs if r.status == "ok"]
    return bool(done) and all(r.n_train is None and r.cost.trainable_parameters == 0 for r in done)


def titles_of(groups: dict[Key, list[RunRecord]]) -> dict[Key, str]:
    """Name each curve by its preset, and by the settings that tell it from another of that preset."""
    titles: dict[Key, str] = {}
    for key in groups:
        others = [k for k in groups if k[0] == key[0] and k != key]
        titles[key] = key[0] if not others else f"{key[0]} ({_difference(key, others)})"
    return titles


def _difference(key: Key, others: Sequence[Key]) -> str:
    mine, theirs = _flat(json.loads(key[1])), [_flat(json.loads(k[1])) for k in others]
    own = {k: v for k, v in mine.items() if any(other.get(k) != v for other in theirs)}
    return ", ".join(f"{k}={v}" for k, v in sorted(own.items())) or "without settings"


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    method = settings.get("method")
    outer = {k: v for k, v in settings.items() if k != "method"}
    return {**outer, **method} if isinstance(method, dict) else settings


__all__ = ["Key", "group", "is_curve", "titles_of", "uses_no_labels"]

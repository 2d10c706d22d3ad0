import numpy as np
import pytest

from valence.evaluation.metrics import score
from valence.store import Cost, Provenance, RunRecord, RunStore, Scored, ids_digest
from valence.types import Predictions

N = 200
LABELS = ("negative", "positive")


class Made:
    """A store that is filled with made-up runs through `valence.store` itself."""

    def __init__(self, folder):
        self.store = RunStore(folder)
        rng = np.random.default_rng(0)
        self.ids = tuple(f"{i}_{1 + i % 10}" for i in range(N))
        self.labels = rng.integers(0, 2, N)
        self.hardness = rng.normal(size=N)

    def scored(self, skill, seed=0, n=N):
        noise = np.random.default_rng([seed, int(1000 * skill)]).normal(0, 0.6, N)
        p = 1 / (1 + np.exp(-2 * (2 * self.labels - 1) * (skill + self.hardness + noise)))
        p = np.stack([1 - p, p], axis=1).astype(np.float32)
        return Scored(self.ids[:n], self.labels[:n], Predictions(p[:n]))

    def run(self, preset, skill=1.0, seed=0, *, scored=None, outside=False, cost=None, data="toy", **changes):
        scored = scored or self.scored(skill, seed)
        size = changes.get("n_train") or "all"
        costs = {"fit_seconds": 10.0, "texts_per_second": 100.0, "trainable_parameters": 1000, "peak_memory_bytes": 5 * 10**8}
        ok = changes.get("status", "ok") == "ok"
        record = {
            "id": f"{''.join(c if c.isalnum() else '_' for c in preset)}--{data}--n{size}--s{seed}",
            "group": f"{preset}-{size}",
            "preset": preset,
            "method": "" if outside else "made_up",
            "data": data,
            "n_train": None,
            "seed": seed,
            "experiment": {} if outside else {"method": {"name": "made_up"}},
            "command": "" if outside else f"valence run {preset} --seed {seed}",
            "status": "ok",
            "labels": LABELS,
            "n_scored": len(scored.ids),
            "ids_digest": ids_digest(scored.ids, scored.labels),
            "metrics": score(scored.labels, scored.predictions.probabilities) if ok else {},
            "cost": Cost() if outside else Cost(**{**costs, **(cost or {})}),
            "provenance": Provenance(device="" if outside else "CPU", data_digest="d1", versions={"python": "3.11"}),
            "finished": "2025-01-01T00:00:00+00:00",
        }
        return self.store.save(RunRecord(**{**record, **changes}), scored if ok else None)


@pytest.fixture
def made(tmp_path):
    return Made(tmp_path / "runs")


@pytest.fixture
def filled(made):
    """Three seeds of a good row, one of a fair and one of a poor one, one outside, one failed."""
    for seed in range(3):
        made.run("good", 1.8, seed)
    made.run("fair", 1.2, cost={"fit_seconds": 1.0})
    made.run("poor", 0.2, cost={"fit_seconds": 20.0, "texts_per_second": 50.0})
    made.run("friend", 1.0, outside=True)
    made.run("broken", status="failed", error="The loss went nan at step 3.")
    return made

import json

import numpy as np
import pytest

from valence.evaluation.metrics import score
from valence.store import Cost, Provenance, RunRecord, RunStore, Scored, ids_digest
from valence.types import Predictions

N = 200
LABELS = ("negative", "positive")


SECRET = "This sentence stands for a review that nobody may copy."


def interval(value):
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


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

    def report(self, run_id, temperature=2.0):
        """Put reports of calibrate and stress into a run's folder; the failures of one quote a text."""
        trial = {
            **{"stressor": "typos", "name": "5 % of the words", "expects": "same", "n": 100, "note": "slips"},
            **{"before": interval(0.9), "after": interval(0.8), "change": interval(-0.1), "p": 0.0004},
            **{"flipped": interval(0.1), "both": interval(0.8), "broken": None, "failures": [f"{SECRET} → {SECRET}"]},
        }
        certain = {**trial, "name": "praise added", "before": None, "after": None, "change": None, "p": None, "broken": interval(0.05)}
        stress = {"run": run_id, "data": "toy", "score_on": "test", "n": 100, "n_all": N, "seed": 0, "findings": [trial, certain]}
        figures = {"accuracy": 0.9, "log_loss": interval(0.3), "ece": interval(0.04), "ece_mass": 0.04, "brier": 0.1}
        after = {**figures, "ece": interval(0.0123)}
        calibration = {"run": run_id, "held_out": 20, "temperature": temperature, "before": figures, "after": after, "promises": []}
        for name, said in ((f"{run_id}.stress.json", stress), (f"{run_id}.json", calibration)):
            (self.store.path(run_id) / name).write_text(json.dumps({**said, "notes": []}), encoding="utf-8")

    def history(self, run_id, *rows):
        """Give a run a history."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self.store.path(run_id) / "history.jsonl").write_text(text, encoding="utf-8")


@pytest.fixture
def secret():
    """A text that stands for a review."""
    return SECRET


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

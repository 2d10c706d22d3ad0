"""How long a board takes, and how much memory: 100 and 1,000 runs of 25,000 predictions each.

python benchmarks/board.py            both sizes, each in its own process, three seeds to a row
python benchmarks/board.py 300 1      300 runs, one seed to a row
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TEXTS = 25_000


def fill(folder: Path, runs: int, seeds: int) -> None:
    """Write `runs` runs of made-up predictions, `seeds` to a row, with accuracies from 80 % to 97 %."""
    from valence.evaluation.metrics import score
    from valence.store import Cost, Provenance, RunRecord, RunStore, Scored, ids_digest
    from valence.types import Predictions

    rng, store = np.random.default_rng(0), RunStore(folder)
    labels = (np.arange(TEXTS) % 2).astype(np.int64)
    ids = tuple(f"{i}_{1 + i % 10}" for i in range(TEXTS))
    digest, hardness = ids_digest(ids, labels), rng.normal(size=TEXTS)
    for i in range(runs):
        row, seed = divmod(i, seeds)
        margin = 2.0 + 2.0 * row * seeds / runs + hardness + rng.normal(0, 1, TEXTS)
        p = 1 / (1 + np.exp(-2 * margin * (2 * labels - 1)))
        scored = Scored(ids, labels, Predictions(np.stack([1 - p, p], axis=1).astype(np.float32)))
        record = RunRecord(
            id=f"row{row}--made_up--nall--s{seed}--{i:08x}",
            group=f"{row:08x}",
            preset=f"row{row}",
            method="made_up",
            data="made_up",
            n_train=None,
            seed=seed,
            experiment={"method": {"name": "made_up"}},
            status="ok",
            labels=("negative", "positive"),
            n_scored=TEXTS,
            ids_digest=digest,
            metrics=score(labels, scored.predictions.probabilities),
            cost=Cost(fit_seconds=float(rng.uniform(1, 1000)), texts_per_second=float(rng.uniform(50, 5000)), trainable_parameters=1000),
            provenance=Provenance(device="CPU"),
        )
        store.save(record, scored)


def measure(folder: Path) -> str:
    """Build and write the board of a store in this process; say seconds, those of the processor (all threads), and peak memory."""
    import psutil

    started = time.perf_counter()
    from valence.report.board import build, write
    from valence.store import RunStore

    board = build(RunStore(folder), "made_up")
    built = time.perf_counter() - started
    write(board, folder / "out")
    total, busy = time.perf_counter() - started, time.process_time()
    memory = psutil.Process().memory_info()
    peak = getattr(memory, "peak_wset", None) or _unix_peak()
    times = f"build {built:5.1f} s, with files {total:5.1f} s (processor {busy:.1f} s)"
    return f"{len(board.rows):4} rows: {times}, peak memory {peak / 1e6:.0f} MB"


def _unix_peak() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def main(words: list[str]) -> None:
    """Make a store in a temporary folder and measure it in a fresh process."""
    if words[:1] == ["--measure"]:
        print(measure(Path(words[1])))
        return
    cases = [(int(words[0]), int(words[1]) if len(words) > 1 else 3)] if words else [(100, 3), (1000, 3), (1000, 1)]
    for runs, seeds in cases:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), runs, seeds)
            done = subprocess.run([sys.executable, __file__, "--measure", folder], check=True, capture_output=True, text=True)
            print(f"{runs:5} runs, {seeds} seeds each: {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

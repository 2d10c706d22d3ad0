"""Train many networks side by side on one device, and say how each did on the validation and on the scored texts.

    python benchmarks/train_networks.py                                          the seven networks, three seeds each
    python benchmarks/train_networks.py benchmarks/sweeps/tuning.toml --workers 8 --store /tmp/tuning
    python benchmarks/train_networks.py FILE.toml --word-vectors glove-6B-50d    the same with pretrained vectors

FILE is a sweep as `valence sweep` reads it. Runs land in the store as usual, so that this is also how the board's rows are
made; a second call skips what is finished. Settings are chosen by the validation column: the other one is for the record.
Reads the official IMDB from $VALENCE_DATA. Small recurrent kernels leave most of a GPU idle: several workers share it, each a
process of its own with few CPU threads.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean

from valence.errors import ValenceError
from valence.experiment import Experiment
from valence.store import RunRecord, RunStore
from valence.sweep import read, sweep

HERE = Path(__file__).parent / "sweeps"


def best_valid(store: RunStore, record: RunRecord) -> float:
    """Return the best validation accuracy in the run's history."""
    history = store.path(record.id) / "history.jsonl"
    if not history.exists():
        return float("nan")
    rows = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    return max((row["valid_accuracy"] for row in rows if "valid_accuracy" in row), default=float("nan"))


def told(e: Experiment) -> str:
    """Return what the experiment changes, in one line."""
    return " ".join(f"{k}={v}" for k, v in e.differences().items() if k not in {"method", "data"})


def line(store: RunStore, e: Experiment, outcome: RunRecord | ValenceError, started: float) -> str:
    """Return one finished run as a line."""
    begin = f"{time.perf_counter() - started:6.0f} s  {e.title:16} seed {e.seed}"
    if isinstance(outcome, ValenceError) or outcome.status != "ok":
        return f"{begin}  {outcome if isinstance(outcome, ValenceError) else outcome.error}  {told(e)}"
    seconds = outcome.cost.fit_seconds or 0.0
    return f"{begin}  valid {best_valid(store, outcome):.4f}  {outcome.metrics['accuracy']:.4f}  fit {seconds:5.0f} s  {told(e)}"


def main() -> None:
    """Run the sweep, print a line per run and a table of means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", default=str(HERE / "networks.toml"))
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--store", type=Path, default=Path("runs"))
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of each worker")
    parser.add_argument("--word-vectors", help="for all runs: a path, or a name under $VALENCE_MODELS")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)  # read by the workers when they import torch
    store = RunStore(args.store)
    experiments = read(args.file, **({"word_vectors": args.word_vectors} if args.word_vectors else {}))
    print(f"{len(experiments)} runs, {args.workers} at a time", flush=True)
    groups: dict[str, list[tuple[Experiment, RunRecord]]] = defaultdict(list)
    started = time.perf_counter()
    for e, outcome in sweep(experiments, store, workers=args.workers, device=args.device):
        print(line(store, e, outcome, started), flush=True)
        if isinstance(outcome, RunRecord) and outcome.status == "ok":
            groups[e.group].append((e, outcome))
    print(f"\nmeans over seeds, best validation first\n{'':16} seeds   valid   score     fit  settings")
    rows = [(mean(best_valid(store, r) for _, r in runs), runs) for runs in groups.values()]
    for valid, runs in sorted(rows, key=lambda row: (row[1][0][0].title, -row[0])):
        score = mean(r.metrics["accuracy"] for _, r in runs)
        fit = mean(r.cost.fit_seconds or 0.0 for _, r in runs)
        print(f"{runs[0][0].title:16} {len(runs):5}  {valid:.4f}  {score:.4f}  {fit:4.0f} s  {told(runs[0][0])}")


if __name__ == "__main__":
    main()

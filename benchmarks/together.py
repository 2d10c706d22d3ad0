"""One training by one process and by several (`torchrun`): the seconds of each, and how far their answers are apart.

    python benchmarks/together.py [--processes 1 2] [-- lstm --data movie_reviews --n-train 2000 --epochs 2]

What stands behind `--` are the words of `valence run`. On GPUs each process takes one; on CPU each computes on one thread, so that
two processes are to be held against one process of one thread. Every training runs once, in the order given, twice over.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from valence.store import RunStore

DEFAULT = ["lstm", "--data", "movie_reviews", "--n-train", "2000", "--epochs", "2"]


def train(processes: int, words: list[str], store: str) -> tuple[float, float, np.ndarray, str]:
    """Return the seconds of the fit, its accuracy, its probabilities and the device that the record names."""
    alone = [sys.executable]
    launcher = [*alone, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*(launcher if processes > 1 else alone), "-m", "valence", "run", *words, "--store", store, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    record = RunStore(store).find(json.loads(done.stdout)["id"])
    probabilities = RunStore(store).predictions(record.id).predictions.probabilities
    return record.cost.fit_seconds, record.metrics["accuracy"], probabilities, record.provenance.device


def main() -> None:
    """Print a line for each number of processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("words", nargs="*", default=DEFAULT)
    options = parser.parse_args()
    seconds: dict[int, list[float]] = {n: [] for n in options.processes}
    found: dict[int, tuple[float, np.ndarray, str]] = {}
    for _ in range(2):
        for n in options.processes:
            with tempfile.TemporaryDirectory() as store:
                took, *rest = train(n, options.words, store)
            seconds[n].append(took)
            found[n] = (rest[0], rest[1], rest[2])
    first = options.processes[0]
    print("valence run", *options.words)
    for n in options.processes:
        accuracy, probabilities, device = found[n]
        took = " ".join(f"{s:.1f}" for s in seconds[n])
        apart = float(np.abs(probabilities - found[first][1]).max())
        print(
            f"{n} processes ({device}): fit {took} s, {min(seconds[first]) / min(seconds[n]):.2f} times "
            f"{first}, accuracy {accuracy:.4f}, probabilities within {apart:.1e}"
        )


if __name__ == "__main__":
    main()

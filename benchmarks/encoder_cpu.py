"""Reviews per second of a fine-tuned encoder on a CPU: stock transformers' pipeline, and ours, in one run.

    valence run finetune --backbone all-MiniLM-L6-v2 --data imdb --n-train 1200 --max-length 256 --learning-rate 1e-4
    python benchmarks/encoder_cpu.py finetune--imdb [--store runs] [--cut 256 512] [--texts 96] [--judged 1500]

Exports the run three times (transformers, ONNX, ONNX int8) and lets each way read the same real reviews of IMDB's test part,
cut at the same number of tokens from the beginning. The ways take turns, `--rounds` times, and the median counts, since other
programs share the machine. Two figures each: reviews per second with all processors, tokenising counted, and milliseconds of
one processor per review with one thread, which other programs' load hardly moves. Then labels and accuracy on `--judged`
reviews. Reads imdb.parquet in $VALENCE_DATA.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from transformers import pipeline

from valence.export.classifier import OnnxClassifier
from valence.export.exporting import export
from valence.runner import load
from valence.store import RunStore

STOCK = ("stock pipeline, batch 1", "stock pipeline, batch 32")
OURS = ("torch, packed", "ONNX, 32 bits", "ONNX, int8")


@dataclass
class Way:
    """One way to read reviews."""

    read: Callable[[Sequence[str]], object]
    threads: Callable[[int], None]
    rates: list[float] = field(default_factory=list)
    """Reviews per second with all processors."""
    costs: list[float] = field(default_factory=list)
    """CPU milliseconds per review with one thread."""


def reviews(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Return n test reviews and their labels."""
    path = Path(os.environ.get("VALENCE_DATA", "")) / "imdb.parquet"
    if not path.exists():
        raise SystemExit("Set VALENCE_DATA to the folder with imdb.parquet.")
    frame = pl.read_parquet(path).filter(pl.col("split") == "test").sample(n, shuffle=True, seed=seed)
    return frame["text"].to_list(), frame["label"].to_numpy()


def ways(run: str, store: str, cut: int, folder: Path) -> dict[str, Way]:
    """Export the run and return all ways to read."""
    classifier: Any
    classifier, record = load(run, RunStore(store), device="cpu")
    classifier.max_length, classifier.keep = cut, "head"  # what a pipeline reads
    export(classifier, record, "hf", folder / "hf")
    export(classifier, record, "onnx", folder / "onnx")
    export(classifier, record, "onnx", folder / "int8", int8=True)
    found = {}
    stock = pipeline("text-classification", model=str(folder / "hf"), device="cpu")
    for name, batch in zip(STOCK, (1, 32), strict=True):
        found[name] = Way(partial(stock, batch_size=batch, truncation=True), torch.set_num_threads)
    found[OURS[0]] = Way(classifier.logits, torch.set_num_threads)
    for name, part in zip(OURS[1:], ("onnx", "int8"), strict=True):
        opened = OnnxClassifier(folder / part)
        found[name] = Way(opened.logits, partial(setattr, opened, "threads"))
    return found


def measure(found: dict[str, Way], texts: Sequence[str], rounds: int, processors: int) -> None:
    """Let the ways take turns."""
    for _ in range(rounds):
        for way in found.values():
            way.threads(processors)
            way.read(texts[:4])
            started = time.perf_counter()
            way.read(texts)
            way.rates.append(len(texts) / (time.perf_counter() - started))
            way.threads(1)
            way.read(texts[:4])
            some = texts[: len(texts) // 2]
            used = time.process_time()
            way.read(some)
            way.costs.append(1000 * (time.process_time() - used) / len(some))
            way.threads(processors)


def report(found: dict[str, Way]) -> None:
    """Print the figures, and what they are to the better of the stock ones."""
    rate = {name: statistics.median(way.rates) for name, way in found.items()}
    cost = {name: statistics.median(way.costs) for name, way in found.items()}
    best_rate, best_cost = max(rate[n] for n in STOCK), min(cost[n] for n in STOCK)
    for name in found:
        spread = f"{min(found[name].rates):.1f} to {max(found[name].rates):.1f}"
        print(
            f"  {name:26} {rate[name]:7.1f} reviews/s ({spread:>14})  {rate[name] / best_rate:5.2f} x   "
            f"{cost[name]:7.1f} CPU ms/review  {best_cost / cost[name]:5.2f} x"
        )


def judge(found: dict[str, Way], texts: Sequence[str], labels: np.ndarray) -> None:
    """Print what the exports' answers lose."""
    logits = {name: np.asarray(found[name].read(texts)) for name in OURS}
    exact = logits[OURS[0]].argmax(axis=1)
    for name, found_logits in logits.items():
        said = found_logits.argmax(axis=1)
        flips, lost, won = said != exact, (said != exact) & (exact == labels), (said != exact) & (said == labels)
        p = torch.softmax(torch.from_numpy(found_logits), 1) - torch.softmax(torch.from_numpy(logits[OURS[0]]), 1)
        print(
            f"  {name:26} accuracy {(said == labels).mean():.4f}  other labels {flips.sum()} of {len(labels)} ({lost.sum()} lost, "
            f"{won.sum()} won)  probability differs by {p.abs().mean():.1e} in the mean, {p.abs().max():.1e} at most"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--store", default="runs")
    parser.add_argument("--cut", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--texts", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--judged", type=int, default=1500)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    processors = torch.get_num_threads()
    texts, _ = reviews(options.texts, seed=7)
    for cut in options.cut:
        with tempfile.TemporaryDirectory() as folder:
            found = ways(options.run, options.store, cut, Path(folder))
            load_before = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
            measure(found, texts, options.rounds, processors)
            said = f"{processors} threads, load {load_before:.1f} before, median of {options.rounds}"
            print(f"{len(texts)} reviews cut at {cut} tokens, {said}:", flush=True)
            report(found)
            if options.judged:
                judge(found, *reviews(options.judged, seed=11))


if __name__ == "__main__":
    main()

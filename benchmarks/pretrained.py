"""Networks pretrained on their own domain: how long a step takes, and what a variant reaches on `valid`.

    python benchmarks/pretrained.py speed lstm transformer         a minute: milliseconds per step, seconds for a whole run
    python benchmarks/pretrained.py fit lstm --seed 0              pretrain and fine-tune; valid accuracy after every epoch
    python benchmarks/pretrained.py fit lstm_plain --n-train 2500 --unlabeled 5000 epochs=2       smaller, other settings

A variant is a method with settings; `key=value` changes more of them. Texts: IMDB from $VALENCE_DATA. With $VALENCE_BODIES
and `pretraining_seed=0`, several fits share one pretrained body. `fit` ends with the accuracy on the test reviews, which no
choice has seen; variants are to be compared by `valid`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from typing import Any

import numpy as np
import torch

from valence import data
from valence.data.subsample import hold_out, subsample
from valence.methods import METHODS
from valence.training.networks import directed_lstm
from valence.types import Journal, Split, Task

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("lstm_pretrained", {}),
    "lstm_longer": ("lstm_pretrained", {"pretraining_epochs": 16, "max_length": 512, "batch_tokens": 32_768, "unlabeled_share": 2}),
    "lstm_deep": ("lstm_pretrained", {"units": 640, "layers": 3, "dimension": 320, "pretraining_dropout": 0.2}),
    "lstm_plain": ("lstm_pretrained", {"adversarial": 0, "entropy_weight": 0, "unlabeled_share": 0}),
    "lstm_no_entropy": ("lstm_pretrained", {"entropy_weight": 0}),
    "lstm_scratch": ("lstm_pretrained", {"pretraining_epochs": 0}),
    "transformer": ("transformer_pretrained", {}),
    "transformer_compiled": ("transformer_pretrained", {"compile": True}),
    "transformer_replaced": ("transformer_pretrained", {"objective": "replaced", "hidden_share": 0.15}),
    "transformer_wide": ("transformer_pretrained", {"width": 512, "heads": 8, "compile": True}),
    "transformer_plain": ("transformer_pretrained", {"adversarial": 0, "entropy_weight": 0, "unlabeled_share": 0}),
    "transformer_scratch": ("transformer_pretrained", {"pretraining_epochs": 0}),
}


class Stopped(Exception):
    """Enough steps were measured."""


class Screen(Journal):
    """Prints a row now and then, and every row with a valid accuracy."""

    def __init__(self, every: float = 5.0) -> None:
        self._started = time.perf_counter()
        self._every = every
        self._next = 0.0

    def log(self, step: int, **values: float) -> None:
        """Print a row of the history."""
        seconds = time.perf_counter() - self._started
        if "valid_accuracy" in values or seconds >= self._next:
            self._next = seconds + self._every
            print(f"{seconds:7.1f} s  step {step:6d}  " + "  ".join(f"{k} {v:.4f}" for k, v in values.items()), flush=True)


class Clock(Journal):
    """Stops a training after some reports, and knows how long a step took."""

    def __init__(self, reports: int) -> None:
        self._left = reports
        self.points: list[tuple[float, float, float]] = []

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Take the time of a report."""
        if "loss" in note:
            self.points.append((time.perf_counter(), done, total))
            self._left -= 1
            if self._left <= 0:
                raise Stopped

    def figures(self) -> tuple[float, float]:
        """Return milliseconds per step, from the second report on, and seconds for all steps."""
        (start, first, _), (end, last, total) = self.points[1], self.points[-1]
        per_step = (end - start) / (last - first)
        return per_step * 1e3, per_step * total


def speed(variant: str, settings: dict[str, Any], parts: tuple[Split, Split, tuple[str, ...]], device: str) -> None:
    """Print what a step of pretraining and of fine-tuning takes, and what a whole run would."""
    name, base = VARIANTS[variant]
    train, valid, unlabeled = parts
    seconds = 0.0
    for phase, changes, reports in (("pretraining", {}, 5), ("fine-tuning", {"pretraining_epochs": 0}, 5)):
        clock = Clock(reports)
        task = Task(("negative", "positive"), 0, unlabeled, device, clock)
        with contextlib.suppress(Stopped):
            METHODS.find(name)(**{**base, **settings, **changes}).fit(train, valid, task)
        step, whole = clock.figures()
        seconds += whole
        steps = int(clock.points[-1][2])
        memory = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
        print(f"{variant:22s} {phase:12s} {step:7.1f} ms per step x {steps} steps = {whole:6.1f} s, {memory:.1f} GiB", flush=True)
    print(f"{variant:22s} together     {seconds:6.1f} s, without reading and validation", flush=True)


def fit(variant: str, settings: dict[str, Any], parts: tuple[Split, Split, tuple[str, ...]], test: Split, seed: int, device: str) -> None:
    """Train one variant and print its accuracies."""
    name, base = VARIANTS[variant]
    train, valid, unlabeled = parts
    method = METHODS.find(name)(**{**base, **settings})
    started = time.perf_counter()
    classifier = method.fit(train, valid, Task(("negative", "positive"), seed, unlabeled, device, Screen()))
    fitted = time.perf_counter() - started
    accuracy = {k: float((classifier.predict(s.texts).labels == s.labels).mean()) for k, s in (("valid", valid), ("test", test))}
    print(json.dumps({"variant": variant, **base, **settings, "seed": seed, **accuracy, "fit_seconds": round(fitted, 1)}), flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "fit"])
    parser.add_argument("words", nargs="+", help=f"variants ({', '.join(VARIANTS)}) and settings key=value")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-train", type=int)
    parser.add_argument("--unlabeled", type=int, help="take only so many texts without labels")
    parser.add_argument("--test", type=int, help="score only so many test reviews")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tf32-lstm", action="store_true", help="read in float32 with TF32 products, as where cuDNN has no bfloat16")
    options = parser.parse_intermixed_args()
    if options.tf32_lstm:
        directed_lstm.runs_bfloat16 = lambda _: False
    variants = [w for w in options.words if "=" not in w]
    settings = {k: _value(v) for k, _, v in (w.partition("=") for w in options.words if "=" in w)}
    corpus = data.load("imdb")
    pool = corpus.splits["train"]
    pool = subsample(pool, options.n_train, seed=options.seed) if options.n_train else pool
    parts = (*hold_out(pool, 0.1, seed=options.seed), corpus.splits["unlabeled"].texts[: options.unlabeled])
    test = corpus.splits["test"]
    test = test.select(np.sort(np.random.default_rng(0).permutation(len(test))[: options.test])) if options.test else test
    for variant in variants:
        if options.what == "speed":
            speed(variant, settings, parts, options.device)
        else:
            fit(variant, settings, parts, test, options.seed, options.device)


def _value(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    main()

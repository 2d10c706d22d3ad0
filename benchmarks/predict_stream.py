"""Memory of `valence predict` over a small and a large file: it must not grow with the file.

    python benchmarks/predict_stream.py [--rows 10000 1000000] [--method tfidf_linear]

Trains the method on sentences made here, then predicts files of the given numbers of rows, each in a process of its
own, and prints its peak resident memory and texts per second.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

WORDS = ("the", "a", "film", "plot", "was", "is", "and", "of", "with", "but", "not", "very", "really", "cast", "story", "ending", "scene")
TONES = (("bad", "awful", "boring", "weak"), ("good", "great", "superb", "joy"))


def write(path: Path, rows: int, *, labels: bool) -> None:
    """Write sentences of 25 words, half of them of either tone."""
    rng = random.Random(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["id", "text", "label"][: 2 + labels])
        for i in range(rows):
            text = " ".join([*rng.choices(WORDS, k=23), *rng.choices(TONES[i % 2], k=2)])
            out.writerow([i, text, ("negative", "positive")[i % 2]][: 2 + labels])


def peak(command: list[str]) -> tuple[float, int]:
    """Run a command; return its seconds and the peak of its resident memory in bytes."""
    started, most = time.perf_counter(), 0
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    watched, done = psutil.Process(process.pid), threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.02):
            try:
                most = max(most, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                return

    thread = threading.Thread(target=watch)
    thread.start()
    code = process.wait()
    done.set()
    thread.join()
    if code:
        raise SystemExit(f"{command} ended with {code}")
    return time.perf_counter() - started, most


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--method", default="tfidf_linear")
    options = parser.parse_args()
    valence = [sys.executable, "-m", "valence"]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write(Path("train.csv"), 5000, labels=True)
        subprocess.run([*valence, "run", options.method, "--data", "train.csv"], check=True)
        peaks = []
        for rows in options.rows:
            write(Path("in.csv"), rows, labels=False)
            seconds, most = peak([*valence, "predict", options.method, "--file", "in.csv", "--out", "out.csv"])
            peaks.append(most)
            print(f"{rows:>10,} rows  {seconds:7.1f} s  {rows / seconds:10,.0f} texts/s  peak {most / 2**20:6.0f} MiB")
        print(f"peak of the largest over that of the smallest: {peaks[-1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main()

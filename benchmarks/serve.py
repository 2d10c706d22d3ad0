"""Requests per second and answer times of `valence serve`, with requests read together and one by one, in one run.

    valence run nb_svm --n-train 5000
    python benchmarks/serve.py nb_svm [--store runs] [--data imdb] [--clients 1 8 32] [--seconds 5] [--rounds 3] [--texts 1]

Starts the server twice as a process of its own, as it is and with `--max-batch 1`. Clients keep their connections open; each
sends a request as soon as it has the answer to the one before, of `--texts` real texts of the data's scored part. The two
servers take turns, `--rounds` times, and all answer times count together; a text that is asked of both must get the same
label. The clients share the machine with the server, so that a fast model is measured too slow. Batches pay where reading
texts together is cheaper than one by one; the ratio says whether it is so for this model on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from valence import data

WAYS = {"together": (), "one by one": ("--max-batch", "1")}


@dataclass
class Found:
    """What the clients of one way met."""

    seconds: list[float] = field(default_factory=list)
    """From a request to its answer."""
    wall: float = 0.0
    labels: dict[str, str] = field(default_factory=dict)
    """By text."""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.seconds) / self.wall


@contextlib.contextmanager
def server(run: str, store: str, words: tuple[str, ...]) -> Iterator[int]:
    """Give the port of a server that is ready, and end it."""
    command = [sys.executable, "-m", "valence", "serve", run, "--store", store, "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        lines = _until_ready(process.stdout)
        try:
            yield int(lines[0].split()[0].rpartition(":")[2])
        finally:
            process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)


def _until_ready(stream: Iterator[str]) -> list[str]:
    lines = []
    for line in stream:
        lines.append(line)
        if line.startswith("Ready"):
            return lines
    raise SystemExit("The server ended before it was ready; its message stands above.")


def load_of(port: int, texts: list[list[str]], clients: int, seconds: float, found: Found) -> None:
    """Let clients ask for some seconds."""
    turn, stop = itertools.count(), time.perf_counter() + seconds
    lock, failures = threading.Lock(), []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while time.perf_counter() < stop:
            asked = texts[next(turn) % len(texts)]
            started = time.perf_counter()
            connection.request("POST", "/v1/predict", json.dumps({"texts": asked}), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            said = json.loads(reply.read())
            took = time.perf_counter() - started
            if reply.status != 200:
                failures.append(said["detail"])
                return
            with lock:
                found.seconds.append(took)
                found.labels.update(zip(asked, (each["label"] for each in said["predictions"]), strict=True))
        connection.close()

    started = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.wall += time.perf_counter() - started
    if failures:
        raise SystemExit(f"{len(failures)} requests failed, the first with: {failures[0]}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--store", default="runs")
    parser.add_argument("--data", default="imdb")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=1)
    given = parser.parse_args()
    known = list(data.load(given.data).splits["test"].texts)
    drawn = np.random.default_rng(0).choice(len(known), size=(512, given.texts))
    texts = [[known[i] for i in row] for row in drawn]
    mean = sum(len(text) for row in texts for text in row) / drawn.size
    print(f"{given.run}, {given.texts} text(s) of {given.data} a request, {mean:.0f} characters each")
    print(f"{'clients':>7}  {'way':<10}  {'requests/s':>10}  {'p50 ms':>8}  {'p95 ms':>8}  {'p99 ms':>8}  {'ratio':>6}")
    with contextlib.ExitStack() as stack:
        ports = {way: stack.enter_context(server(given.run, given.store, words)) for way, words in WAYS.items()}
        for port in ports.values():
            load_of(port, texts, max(given.clients), 1.0, Found())
        for clients in given.clients:
            compare(ports, texts, clients, given.seconds, given.rounds)


def compare(ports: dict[str, int], texts: list[list[str]], clients: int, seconds: float, rounds: int) -> None:
    """Let the ways take turns, and print a row for each."""
    found = {way: Found() for way in ports}
    for _ in range(rounds):
        for way, port in ports.items():
            load_of(port, texts, clients, seconds, found[way])
    both = found["together"].labels.keys() & found["one by one"].labels.keys()
    differing = sum(found["together"].labels[text] != found["one by one"].labels[text] for text in both)
    for way, each in found.items():
        p50, p95, p99 = 1000 * np.percentile(each.seconds, [50, 95, 99])
        ratio = f"{each.rate / found['one by one'].rate:5.2f}x"
        print(f"{clients:7}  {way:<10}  {each.rate:10.1f}  {p50:8.1f}  {p95:8.1f}  {p99:8.1f}  {ratio:>6}", flush=True)
    if differing:
        print(f"         {differing} of {len(both)} texts got another label", flush=True)


if __name__ == "__main__":
    main()

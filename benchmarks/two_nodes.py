# ruff: noqa: ANN401 - what is patched here are other classes' methods
"""A sweep and a prediction on a cluster of two nodes started here; one of the nodes is killed in the middle of each.

    python benchmarks/two_nodes.py [--runs 6] [--seconds 3]

Every fit notes its start and its end in a file of its own accord, apart from what the store says; the fits are made to last
`--seconds`. Prints what each node did, how often every run was started and finished, and what `valence doctor` says.
Exits with 1 if a run was lost or finished twice.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

WORDS = ("the", "a", "film", "plot", "was", "is", "and", "of", "with", "but", "not", "very", "really", "cast", "story", "ending", "scene")
TONES = (("bad", "awful", "boring", "weak"), ("good", "great", "superb", "joy"))


def write(path: Path, rows: int) -> None:
    """Write labelled sentences of 12 words, half of them of either tone."""
    rng = random.Random(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["id", "text", "label"])
        for i in range(rows):
            out.writerow([i, " ".join([*rng.choices(WORDS, k=10), *rng.choices(TONES[i % 2], k=2)]), ("negative", "positive")[i % 2]])


def write_parquet(folder: Path, files: int, rows: int) -> None:
    """Write files of sentences in row groups of 500."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    rng = random.Random(0)
    for i in range(files):
        texts = [" ".join(rng.choices(WORDS + TONES[0] + TONES[1], k=12)) for _ in range(rows)]
        pq.write_table(pa.table({"text": texts}), folder / f"{i}.parquet", row_group_size=500)


def worker(log: str, seconds: float) -> Callable[[], None]:
    """Return what every worker does at its start: let fits and predictions last, and note them."""

    def hook() -> None:
        import os
        import time

        import ray

        from valence.methods.tfidf_linear import TfidfLinear

        def note(what: str) -> None:
            with open(log, "a", encoding="utf-8") as stream:
                stream.write(f"{what} {ray.get_runtime_context().get_node_id()[:6]} {os.getpid()}\n")

        fit, load = TfidfLinear.fit, TfidfLinear.load

        def noted(self: Any, train: Any, valid: Any, task: Any) -> Any:
            note(f"start {task.seed}")
            for _ in range(int(seconds * 20)):
                time.sleep(0.05)
            found = fit(self, train, valid, task)
            note(f"end {task.seed}")
            return found

        def opened(self: Any, folder: Any, task: Any) -> Any:
            note("load 0")
            found = load(self, folder, task)
            predict = type(found).predict

            class Slow:
                def predict(self, texts: Any) -> Any:
                    time.sleep(seconds / 10)
                    note("predict 0")
                    return predict(found, texts)

            return Slow()

        TfidfLinear.fit, TfidfLinear.load = noted, opened  # type: ignore[method-assign]

    return hook


def events(log: Path, kind: str) -> list[list[str]]:
    """Return number, node and process of every event of a kind."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [line.split()[1:] for line in lines if line.startswith(kind)]


def kill_when(cluster: Any, node: Any, ready: Callable[[], bool], started: float) -> threading.Thread:
    """Kill a node, as a power cut would, once `ready` says so."""

    def kill() -> None:
        while not ready():
            time.sleep(0.05)
        time.sleep(0.3)
        print(f"{time.monotonic() - started:6.1f} s  node {node.node_id[:6]} killed", flush=True)
        cluster.remove_node(node, allow_graceful=False)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def swept(cluster: Any, log: Path, runs: int) -> bool:
    """Run the sweep while a node is killed; return whether every run was finished once."""
    from valence.cli import main

    node = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    started = time.monotonic()
    kill_when(cluster, node, lambda: len({pid for *_, pid in events(log, "start")}) > 1 and len(events(log, "start")) > 2, started)
    code = main(["sweep", "mine.toml", "--ray", cluster.address])
    print(f"{time.monotonic() - started:6.1f} s  valence sweep ended with {code}")
    starts, ends = (Counter(int(n) for n, *_ in events(log, kind)) for kind in ("start", "end"))
    for kind in ("start", "end"):
        print(f"  {kind}s by node: {dict(Counter(node for _, node, _ in events(log, kind)))}")
    print("  starts by run:", dict(sorted(starts.items())), " finished fits by run:", dict(sorted(ends.items())))
    again = main(["sweep", "mine.toml", "--ray", cluster.address])
    twice = len(events(log, "end")) - sum(ends.values())
    print(f"  the same command again: exit code {again}, {twice} fits")
    return code == 0 and again == 0 and twice == 0 and ends == dict.fromkeys(range(runs), 1)


def predicted(cluster: Any, log: Path) -> bool:
    """Predict a folder here and on the cluster while a node is killed; return whether the files are equal."""
    import pyarrow.parquet as pq

    from valence.cli import main
    from valence.store import RunStore

    run = RunStore("runs").ids()[0]
    code = main(["predict", run, "--folder", "in", "--out", "here"])
    node = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    before, started = len(events(log, "predict")), time.monotonic()
    kill_when(cluster, node, lambda: len({pid for *_, pid in events(log, "predict")[before:]}) > 1, started)
    code += main(["predict", run, "--folder", "in", "--out", "there", "--ray", cluster.address])
    print(f"{time.monotonic() - started:6.1f} s  valence predict ended with {code}")
    files = sorted(p.name for p in Path("in").iterdir())
    equal = [pq.read_table(f"here/{name}").equals(pq.read_table(f"there/{name}")) for name in files]
    print(f"  {sum(equal)} of {len(files)} files equal those of one machine; the run was opened {len(events(log, 'load'))} times")
    return code == 0 and all(equal)


def main() -> int:
    """Start the cluster, do both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    import ray
    from ray.cluster_utils import Cluster

    from valence.cli import main as valence

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 * 2**20})
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write(Path("train.csv"), 2000)
        write_parquet(Path("in"), 4, 2500)
        seeds = list(range(options.runs))
        Path("mine.toml").write_text(f'[[runs]]\nmethod = "tfidf_linear"\ndata = "train.csv"\nseed = {seeds}\n', encoding="utf-8")
        log = Path("events.log").resolve()
        hook = {"worker_process_setup_hook": worker(str(log), options.seconds)}
        ray.init(address=cluster.address, log_to_driver=False, logging_level=40, runtime_env=hook)
        sound = swept(cluster, log, options.runs)
        print("valence doctor:", end=" ", flush=True)
        sound &= valence(["doctor"]) == 0
        sound &= predicted(cluster, log)
        ray.shutdown()
        cluster.shutdown()
        os.chdir(Path(__file__).parent)
    print("nothing was lost, nothing was done twice" if sound else "NOT SOUND: see above")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())

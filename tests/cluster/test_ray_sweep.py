"""Sweeps on a cluster of two nodes."""

import json
import threading
import time
from collections import Counter

import pytest

from valence.cli import main
from valence.cluster.ray_sweep import sweep_on_ray, untouched
from valence.errors import ValenceError
from valence.store import RunStore
from valence.sweep import read, sweep

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*")


@pytest.fixture
def file(tmp_path, reviews_csv):
    path = tmp_path / "mine.toml"
    path.write_text(f'[[runs]]\nmethod = "tfidf_linear"\ndata = "{reviews_csv.as_posix()}"\nseed = [0, 1, 2, 3, 4, 5]\n', encoding="utf-8")
    return path


def logged_fits(log, seconds):
    """Return a function that makes every fit of a worker last and note its start and its end in a file."""

    def hook():
        import os
        import time

        from valence.methods.tfidf_linear import TfidfLinear

        fit = TfidfLinear.fit

        def slow(self, train, valid, task):
            with open(log, "a", encoding="utf-8") as stream:
                stream.write(f"start {task.seed} {os.getpid()}\n")
            for _ in range(int(seconds * 20)):
                time.sleep(0.05)  # a long sleep could not be interrupted
            found = fit(self, train, valid, task)
            with open(log, "a", encoding="utf-8") as stream:
                stream.write(f"end {task.seed} {os.getpid()}\n")
            return found

        TfidfLinear.fit = slow

    return hook


def events(log, kind):
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [tuple(map(int, line.split()[1:])) for line in lines if line.startswith(kind)]


def test_a_node_lost_in_the_middle_loses_no_run_and_repeats_none(cluster, second, join, file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "fits.log"
    join(logged_fits(str(log), 2.0))

    def kill():
        # early in a run on each node: one that is between two runs would lose none
        seen = {}
        while True:
            ended = events(log, "end")
            going = [start for start in events(log, "start") if start not in ended]
            seen |= {start: time.monotonic() for start in going if start not in seen}
            young = {pid for seed, pid in going if time.monotonic() - seen[seed, pid] < 1.3}
            if len(young) == 2 and len(ended) >= 1:
                break
            time.sleep(0.05)
        cluster.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    assert main(["sweep", str(file), "--ray", cluster.address, "--json"]) == 0
    killer.join(timeout=30)
    captured = capsys.readouterr()
    assert [json.loads(line)["status"] for line in captured.out.splitlines()] == ["ok"] * 6
    assert Counter(seed for seed, _ in events(log, "end")) == dict.fromkeys(range(6), 1), "each run was finished once"
    starts = Counter(seed for seed, _ in events(log, "start"))
    assert sorted(starts.values()) == [1, 1, 1, 1, 1, 2], "only the run of the lost node was started again"
    assert "was lost; goes on at" in captured.err
    assert len(RunStore("runs").ids()) == 6
    assert not list((tmp_path / "runs" / ".locks").glob("sweep-*"))

    assert main(["sweep", str(file), "--ray", cluster.address]) == 0
    assert len(events(log, "end")) == 6, "a finished run is not repeated"
    assert main(["doctor", "--no-model"]) == 0


def test_a_stopped_sweep_marks_its_runs_and_leaves_them_free(cluster, join, file, tmp_path):
    log = tmp_path / "fits.log"
    join(logged_fits(str(log), 30))
    store = RunStore(tmp_path / "runs")

    class Stop:
        def say(self, text):
            raise AssertionError(text)

        def progress(self, done, total, note):
            if events(log, "start"):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(sweep_on_ray(read(str(file)), store, cluster.address, screen=Stop()))
    (record,) = store.records()
    assert record.status == "interrupted"
    with store.lock(record.id).acquire(timeout=1):
        assert len(events(log, "start")) == 1, "those that waited were not begun"


def test_a_cluster_gives_the_runs_that_this_machine_gives_and_refuses_what_it_refuses(cluster, join, file, tmp_path):
    join()
    experiments = [*read(str(file))[:1], *read(str(file), n_train=10_000)[:1]]
    here = dict(sweep(experiments, RunStore(tmp_path / "here")))
    there = dict(sweep_on_ray(experiments, RunStore(tmp_path / "there"), cluster.address))
    done, refused = experiments
    assert there[done].metrics == here[done].metrics
    assert isinstance(there[refused], ValenceError)
    assert str(there[refused]) == str(here[refused])


def test_again_runs_a_finished_one_once_more(cluster, join, file, tmp_path):
    log = tmp_path / "fits.log"
    join(logged_fits(str(log), 0))
    for again in (False, False, True):
        ((_, record),) = sweep_on_ray(read(str(file))[:1], RunStore(tmp_path / "runs"), cluster.address, again=again)
        assert record.status == "ok"
    assert len(events(log, "end")) == 2


def test_a_worker_that_was_only_thought_lost_is_waited_for_and_its_run_not_done_again(file, tmp_path):
    store = RunStore(tmp_path / "runs")
    ((e, before),) = sweep(read(str(file))[:1], store)
    assert untouched(store, e.id, before)
    at_work = threading.Event()

    def late():
        with store.lock(e.id):
            at_work.set()
            time.sleep(0.3)
            store.save(before.model_copy(update={"preset": "done anew"}), store.predictions(e.id))

    worker = threading.Thread(target=late)
    worker.start()
    at_work.wait()
    assert not untouched(store, e.id, before)
    worker.join()

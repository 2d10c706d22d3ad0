import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from valence.errors import BadData, BadSetting, Mismatch, UnknownName
from valence.store import RunRecord, RunStore, Scored, align, ids_digest
from valence.types import Predictions


def record(run_id="a--toy--nall--s0--00000000", **changes):
    base = {"id": run_id, "group": "g", "preset": "a", "method": "a", "data": "toy", "n_train": None, "seed": 0, "experiment": {}}
    return RunRecord(**{**base, "status": "ok", "labels": ("negative", "positive"), **changes})


def scored(n=5, seed=0):
    p = np.random.default_rng(seed).dirichlet([1, 1], n).astype(np.float32)
    return Scored(tuple(f"t{i}" for i in range(n)), (np.arange(n) % 2).astype(np.int64), Predictions(p))


def test_a_saved_run_reads_back_as_it_was(tmp_path):
    store = RunStore(tmp_path)
    saved = store.save(record(), scored(), lambda folder: (folder / "w.txt").write_text("12345"))
    assert saved.cost.size_bytes == 5
    assert store.find(saved.id) == saved
    read = store.predictions(saved.id)
    assert read.ids == scored().ids
    np.testing.assert_array_equal(read.labels, scored().labels)
    np.testing.assert_array_equal(read.predictions.probabilities, scored().predictions.probabilities)


def test_responses_are_kept(tmp_path):
    store, s = RunStore(tmp_path), scored(2)
    store.save(record(), Scored(s.ids, s.labels, Predictions(s.predictions.probabilities, ("Positive.", "I can't say"))))
    assert store.predictions(record().id).predictions.responses == ("Positive.", "I can't say")


def test_an_empty_or_absent_store_has_no_runs(tmp_path):
    assert RunStore(tmp_path / "nowhere").ids() == []
    assert RunStore(tmp_path).frame().is_empty()


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path):
    store = RunStore(tmp_path)
    store.save(record("lora--imdb--nall--s0--1f9c2a7b"))
    store.save(record("lora--imdb--nall--s1--aaaaaaaa"))
    assert store.resolve("lora--imdb--nall--s1") == "lora--imdb--nall--s1--aaaaaaaa"
    assert store.resolve("runs/lora--imdb--nall--s0--1f9c2a7b") == "lora--imdb--nall--s0--1f9c2a7b"
    with pytest.raises(BadSetting, match=r"2 runs begin with 'lora': lora--imdb--nall--s0--1f9c2a7b, lora.*Give more"):
        store.resolve("lora")


def test_a_name_that_begins_no_run_is_answered_with_the_runs_that_hold_it(tmp_path):
    store = RunStore(tmp_path)
    store.save(record("lora--imdb--nall--s0--1f9c2a7b"))
    store.save(record("lora--sst2--nall--s0--aaaaaaaa"))
    with pytest.raises(UnknownName, match=r"No run 'sst2'\. Known: lora--sst2--nall--s0--aaaaaaaa\."):
        store.resolve("sst2")


def test_a_store_that_is_not_there_or_is_a_file_is_said_to_be_so(tmp_path):
    with pytest.raises(BadSetting, match=r"there is no folder .*nowhere in .*--store"):
        RunStore(tmp_path / "nowhere").resolve("lora")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BadSetting, match=r"No runs can be kept in .*file: .*--store"):
        RunStore(tmp_path / "file").lock("lora")


def test_a_broken_record_is_one_line(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "record.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadData, match="is not a run record"):
        RunStore(tmp_path).find("x")


def test_a_failed_save_leaves_the_earlier_run(tmp_path):
    store = RunStore(tmp_path)
    store.save(record(metrics={"accuracy": 0.5}), scored())

    def breaks(folder):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.save(record(metrics={"accuracy": 0.9}), scored(), breaks)
    assert store.find(record().id).metrics == {"accuracy": 0.5}
    assert list((tmp_path / ".new").iterdir()) == []


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    store = RunStore(tmp_path)
    store.save(record(), scored())
    (tmp_path / ".old").mkdir(exist_ok=True)
    store.path(record().id).rename(tmp_path / ".old" / record().id)  # what the disk holds if the process dies there
    assert RunStore(tmp_path).ids() == [record().id]
    assert RunStore(tmp_path).find(record().id) is not None


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from test_store import record, scored
from valence.store import RunStore
store = RunStore({folder!r})
print("ready", flush=True)
i = 0
while True:
    store.save(record(metrics={{"accuracy": i / 1e6}}), scored(200, seed=i))
    i += 1
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX")
@pytest.mark.parametrize("delay", [0.05, 0.11, 0.23])
def test_kill_9_while_writing_leaves_a_whole_run(tmp_path, delay):
    code = textwrap.dedent(WRITER).format(tests=os.path.dirname(__file__), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        store = RunStore(tmp_path)
        while not store.ids():
            pass
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(delay)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert store.ids() == [record().id]
    assert store.find(record().id).status == "ok"
    assert len(store.predictions(record().id).ids) == 200


def test_two_processes_write_to_one_store(tmp_path):
    code = "import sys; sys.path.insert(0, {t!r})\nfrom test_store import *\nfor i in range(15): RunStore({f!r}).save(record(), scored())"
    command = [sys.executable, "-c", code.format(t=os.path.dirname(__file__), f=str(tmp_path))]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [p.wait(60) for p in processes] == [0, 0]
    assert RunStore(tmp_path).ids() == [record().id]
    assert RunStore(tmp_path).predictions(record().id).ids == scored().ids


def test_alignment_is_by_id_and_refuses_other_ids():
    s = scored(4)
    turned = align(s, s.ids[::-1])
    np.testing.assert_array_equal(turned.predictions.probabilities, s.predictions.probabilities[::-1])
    np.testing.assert_array_equal(turned.labels, s.labels[::-1])
    with pytest.raises(Mismatch, match="1 ids are missing, 1 are unknown"):
        align(s, ("t0", "t1", "t2", "other"))


def test_the_digest_of_ids_ignores_their_order_and_sees_a_label():
    labels = np.array([0, 1, 1])
    assert ids_digest(("a", "b", "c"), labels) == ids_digest(("c", "b", "a"), labels[::-1])
    assert ids_digest(("a", "b", "c"), labels) != ids_digest(("a", "b", "c"), np.array([0, 1, 0]))


def test_the_frame_has_a_row_per_run_and_imports_no_torch(tmp_path):
    RunStore(tmp_path).save(record(metrics={"accuracy": 0.75}), scored())
    code = (
        f"import sys; from valence.store import RunStore; f = RunStore({str(tmp_path)!r}).frame(); "
        "print(f['accuracy'].to_list(), 'torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[0.75] False False"

import os
import subprocess
import sys
import time

import psutil
import pytest

from valence.errors import BadSetting, UnknownName, ValenceError
from valence.methods.tfidf_linear import TfidfLinear
from valence.store import RunStore
from valence.sweep import read, sweep, sweep_files


@pytest.fixture
def file(tmp_path, reviews_csv):
    path = tmp_path / "mine.toml"
    data = reviews_csv.as_posix()
    path.write_text(f'[[runs]]\nmethod = ["majority", "tfidf_linear"]\ndata = "{data}"\nseed = [0, 1]\n', encoding="utf-8")
    return path


def test_lists_span_a_grid_in_the_files_order(file):
    assert [(e.title, e.seed) for e in read(str(file))] == [("majority", 0), ("majority", 1), ("tfidf_linear", 0), ("tfidf_linear", 1)]


def test_overrides_win_and_doubles_run_once(file):
    assert len(read(str(file), seed=5)) == 2


def test_what_stands_above_the_tables_holds_for_all_and_a_table_goes_before_it(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'about = "x"\ndata = "a.csv"\npreset = "majority"\nseed = [1, 2]\n[[runs]]\n[[runs]]\nmethod = "nb_svm"\nseed = 3\n', "utf-8"
    )
    assert [(e.title, e.data, e.seed) for e in read(str(path))] == [
        ("majority", "a.csv", 1),
        ("majority", "a.csv", 2),
        ("nb_svm", "a.csv", 3),
    ]


def test_an_error_in_a_sweep_says_in_which_table(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[runs]]\nmethod = "majority"\n[[runs]]\nmethod = "cnn"\nepoch = 2\n', "utf-8")
    with pytest.raises(UnknownName, match=r"mine\.toml, table 2 of \[\[runs\]\]: No setting of cnn 'epoch'\. Did you mean 'epochs'\?"):
        read(str(path))


@pytest.mark.parametrize("name", sweep_files())
def test_every_sweep_of_the_package_can_be_read(name):
    assert read(name)


def test_an_unknown_sweep_names_the_nearest():
    with pytest.raises(UnknownName, match=r"Did you mean 'classic'\?"):
        read("clasic")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n", r"holds no table \[\[runs\]\]"),
        ("[[runs]]\nseed = 1\n", r"table 1 of \[\[runs\]\]: It names neither preset nor method"),
        ('method = "cnn"\n', r"It is one experiment: valence run .*bad\.toml"),
    ],
)
def test_a_file_that_is_no_sweep_says_what_is_missing(tmp_path, text, expected):
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting, match=expected):
        read(str(path))


def test_a_sweep_goes_on_after_a_failure_and_a_rerun_finishes_the_rest(file, tmp_path, monkeypatch):
    store = RunStore(tmp_path / "runs")
    with monkeypatch.context() as patch:
        patch.setattr(TfidfLinear, "fit", lambda *_: 1 / 0)
        statuses = [outcome.status for _, outcome in sweep(read(str(file)), store)]
    assert statuses == ["ok", "ok", "failed", "failed"]
    assert [outcome.status for _, outcome in sweep(read(str(file)), store)] == ["ok"] * 4


def test_a_refused_experiment_is_yielded_as_its_error(file, tmp_path):
    outcomes = [outcome for _, outcome in sweep(read(str(file), n_train=10_000), RunStore(tmp_path / "runs"))]
    assert len(outcomes) == 4
    assert all(isinstance(outcome, ValenceError) for outcome in outcomes)


def test_processes_give_the_runs_that_one_process_gives(file, tmp_path):
    one = {e.id: r.metrics for e, r in sweep(read(str(file)), RunStore(tmp_path / "one"))}
    two = {e.id: r.metrics for e, r in sweep(read(str(file)), RunStore(tmp_path / "two"), workers=2)}
    assert one == two


KILLED = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from valence.sweep import _end_with_parent

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="a killed parent's children are found by POSIX process ids")
def test_the_workers_of_a_killed_sweep_end_too(tmp_path):
    (tmp_path / "killed.py").write_text(KILLED, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(tmp_path / "killed.py")], stdout=subprocess.PIPE, text=True) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    until = time.monotonic() + 20
    while _alive(worker) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _alive(worker)


def _alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

"""A folder of Parquet files through Ray Data."""

import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import sentences
from valence.cli import main
from valence.errors import BadData
from valence.store import RunStore

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*")


@pytest.fixture
def run(reviews_csv, tmp_path, monkeypatch):
    """A finished run in a store in the working folder."""
    monkeypatch.chdir(tmp_path)
    assert main(["run", "tfidf_linear", "--data", str(reviews_csv)]) == 0
    return RunStore("runs").ids()[0]


@pytest.fixture
def folder(tmp_path):
    """Three files: one without ids, one with, one whose columns are called otherwise; several row groups each."""
    source = tmp_path / "in"
    source.mkdir()
    tables = [
        {"text": sentences(250, 1)[0]},
        {"id": list(range(70, 190)), "text": sentences(120, 2)[0]},
        {"review": [*sentences(9, 3)[0], None], "review_id": [f"r{i}" for i in range(10)]},
    ]
    for i, table in enumerate(tables):
        pq.write_table(pa.table(table), source / f"part-{i}.parquet", row_group_size=100)
    return source


def test_a_lost_node_loses_no_row_and_the_files_are_those_of_this_machine(cluster, second, join, run, folder, tmp_path, capsys):
    log = tmp_path / "predictions.log"

    def hook():
        import os
        import time

        import valence.export.opening as opening

        opened = opening.open_classifier

        class Slow:
            def __init__(self, classifier):
                self.classifier = classifier

            def predict(self, texts):
                with open(log, "a", encoding="utf-8") as stream:
                    stream.write(f"{os.getpid()}\n")
                time.sleep(0.2)
                return self.classifier.predict(texts)

        def slowly(*args, **settings):
            classifier, labels = opened(*args, **settings)
            return Slow(classifier), labels

        opening.open_classifier = slowly

    def kill():
        while not log.exists() or len(set(log.read_text(encoding="utf-8").split())) < 2:
            time.sleep(0.05)
        cluster.remove_node(second, allow_graceful=False)

    assert main(["predict", run, "--folder", str(folder), "--out", "here", "--chunk", "20"]) == 0
    join(hook)
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    assert main(["predict", run, "--folder", "in", "--out", "there", "--chunk", "20", "--ray", cluster.address]) == 0
    killer.join(timeout=30)
    names = sorted(p.name for p in (tmp_path / "there").iterdir())
    assert names == ["part-0.parquet", "part-1.parquet", "part-2.parquet"]
    for name in names:
        assert pq.read_table(tmp_path / "there" / name).equals(pq.read_table(tmp_path / "here" / name)), name
    assert "380 predictions in 3 files" in capsys.readouterr().err


def test_a_wrong_row_is_named_as_here_and_finished_files_are_kept(cluster, join, run, folder, monkeypatch, capsys):
    pq.write_table(pa.table({"id": ["a", "", "c"], "text": ["x", "y", "z"]}), folder / "part-3.parquet")
    assert main(["predict", run, "--folder", "in", "--out", "here"]) == BadData.exit_code
    here = capsys.readouterr().err.splitlines()[-1]
    assert "part-3.parquet, row 2: the id is empty" in here
    join()
    assert main(["predict", run, "--folder", "in", "--out", "here", "--ray", cluster.address]) == BadData.exit_code
    assert capsys.readouterr().err.splitlines()[-1] == here

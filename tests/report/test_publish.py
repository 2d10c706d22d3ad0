import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valence.errors import BadSetting
from valence.report.board import build
from valence.report.publish import publish, ten_thousandths, write_rounded
from valence.report.table import csv_text
from valence.store import RunStore, Scored
from valence.types import Predictions


@given(
    seed=st.integers(0, 10_000),
    k=st.integers(2, 6),
    sharp=st.sampled_from([0.0, 1e-6, 1e-3, 1.0, 10.0, 40.0]),
)
@settings(max_examples=80, deadline=None)
def test_rounding_keeps_every_label_every_sum_and_every_positive_probability(seed, k, sharp):
    logits = np.random.default_rng(seed).normal(size=(200, k)) * sharp
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = (p / p.sum(axis=1, keepdims=True)).astype(np.float32)
    units = ten_thousandths(p)
    assert (units.sum(axis=1) == 10_000).all()
    assert (units.argmax(axis=1) == p.argmax(axis=1)).all()
    assert ((units > 0) == (p > 0)).all()
    assert np.abs(units / 10_000 - p).max() <= 1e-4 * k


def test_rounding_worked_by_hand():
    p = np.array([[0.49999, 0.50001], [0.99999, 0.00001], [1.0, 0.0], [0.5, 0.5], [0.12344, 0.87656]], dtype=np.float32)
    assert ten_thousandths(p)[:, 1].tolist() == [5001, 1, 0, 5000, 8766]


def test_the_board_built_from_published_runs_is_the_board(filled, tmp_path):
    publish(filled.store, filled.store.ids(), tmp_path / "board")
    published = RunStore(tmp_path / "board" / "runs")
    assert published.ids() == filled.store.ids()
    assert csv_text(build(published, "toy")) == csv_text(build(filled.store, "toy"))
    assert [e.reason for e in build(published, "toy").unfinished] == ["The loss went nan at step 3."]


def test_weights_stay_at_home_and_history_comes_along(made, tmp_path):
    record = made.run("a")
    scored = made.store.predictions(record.id)
    (made.store.work(record.id) / "history.jsonl").write_text('{"step": 1, "loss": 0.5}\n', encoding="utf-8")
    made.store.save(record, scored, lambda folder: (folder / "model.safetensors").write_bytes(b"weights"))
    (folder,) = publish(made.store, [record.id], tmp_path / "board")
    assert sorted(p.name for p in folder.iterdir()) == ["history.jsonl", "predictions.parquet", "record.json"]
    assert [p.name for p in (tmp_path / "board" / "runs").iterdir()] == [record.id]


def test_publishing_again_replaces_a_run_as_a_whole(made, tmp_path):
    record = made.run("a", 0.5)
    publish(made.store, [record.id], tmp_path / "board")
    made.run("a", 2.0)
    publish(made.store, "a", tmp_path / "board")
    assert RunStore(tmp_path / "board" / "runs").find(record.id).metrics == made.store.find(record.id).metrics


def test_a_run_of_25000_texts_takes_about_100_kb(tmp_path):
    rng, n = np.random.default_rng(0), 25_000
    labels = (np.arange(n) % 2).astype(np.int64)
    p = 1 / (1 + np.exp(-rng.normal(2 * (2 * labels - 1), 1.6)))
    ids = tuple(f"{i // 2}_{rng.integers(1, 11)}" for i in range(n))
    write_rounded(tmp_path / "p.parquet", Scored(ids, labels, Predictions(np.stack([1 - p, p], axis=1).astype(np.float32))))
    assert os.path.getsize(tmp_path / "p.parquet") < 130_000


def test_responses_are_cut_short_so_that_they_quote_no_review(made, tmp_path):
    scored = made.scored(1.0)
    words = tuple("Negative. The review says: " + "word " * 50 for _ in scored.ids)
    record = made.run("talks", scored=Scored(scored.ids, scored.labels, Predictions(scored.predictions.probabilities, words)))
    publish(made.store, [record.id], tmp_path / "board")
    kept = RunStore(tmp_path / "board" / "runs").predictions(record.id).predictions.responses
    assert set(map(len, kept)) == {40}
    assert kept[0].startswith("Negative.")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("/home/someone/data/my.csv", "my.csv"),
        ("valence run cnn --data /home/someone/my.csv --seed 1", "valence run cnn --data my.csv --seed 1"),
        ("C:\\Users\\someone\\my.csv", "my.csv"),
        ("C:/Users/someone/my.csv", "my.csv"),
        ("sentence-transformers/all-mpnet-base-v2", "sentence-transformers/all-mpnet-base-v2"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("loss 1/2 and/or nan", "loss 1/2 and/or nan"),
    ],
)
def test_folders_of_this_machine_stay_at_home(made, tmp_path, said, kept):
    record = made.run("a", command=said, experiment={"method": {"name": "a", "weights": said}})
    publish(made.store, [record.id], tmp_path / "board")
    found = RunStore(tmp_path / "board" / "runs").find(record.id)
    assert (found.command, found.experiment["method"]["weights"]) == (kept, kept)


def test_publishing_a_store_onto_itself_is_refused(made):
    made.run("a")
    with pytest.raises(BadSetting, match="is the store itself"):
        publish(made.store, ["a"], made.store.folder.parent)


def test_a_regular_expression_among_the_settings_is_no_folder():
    from valence.report.publish import _cut

    pattern = r"\w+(?:['’]\w+)*|[^\w\s]"
    assert _cut({"word_pattern": pattern, "data": "/home/me/my reviews.csv"})["word_pattern"] == pattern
    assert _cut(r"C:\Users\me\reviews.csv is empty") == "reviews.csv is empty"

"""IMDB's contrast set."""

from dataclasses import replace

import polars as pl
import pytest

from valence.stress.stressors.contrast import Contrast


@pytest.fixture
def pairs(tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    rows = [
        ("good", 1, "dev_original", "1"),
        ("bad", 0, "dev_original", "2"),
        ("awful", 0, "dev_contrast", "1"),
        ("fine", 1, "dev_contrast", "2"),
    ]
    pl.DataFrame(rows, schema=["text", "label", "split", "id"], orient="row").write_parquet(tmp_path / "imdb_contrast_dev.parquet")


def test_pairs_are_matched_by_their_number_and_their_labels_turn(pairs, given):
    (trial,) = Contrast().trials(given)
    assert (trial.ids, trial.before, trial.after) == (("1", "2"), ("good", "bad"), ("awful", "fine"))
    assert (trial.labels_before.tolist(), trial.labels.tolist(), trial.expects) == ([1, 0], [0, 1], "turned")
    assert trial.note == ""


def test_a_run_that_has_learned_the_originals_is_told_so(pairs, given):
    (trial,) = Contrast().trials(replace(given, data="imdb"))
    assert "training reviews of IMDB, which this run has learned" in trial.note


def test_labels_in_another_order_are_matched_by_name(pairs, given):
    (trial,) = Contrast().trials(replace(given, labels=("Positive", "Negative")))
    assert trial.labels.tolist() == [1, 0]


@pytest.mark.real
def test_the_real_set_has_a_hundred_pairs_that_turn(real, given):
    (trial,) = Contrast().trials(given)
    assert len(trial.ids) == 100
    assert (trial.labels != trial.labels_before).all()

"""SST-2: what of its training rows may be trained on, and the samples of its curve."""

import numpy as np
import polars as pl
import pytest

from valence import data
from valence.data._phrases import phrases_of
from valence.data.audit import audit
from valence.data.sst2 import Sst2
from valence.experiment import experiment
from valence.runner import prepare


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Six rows to train on, two of which stand in a sentence to be scored."""
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    rows = [
        *(("train", text, i % 2) for i, text in enumerate(["slow", "a joy", "fine film", "dull", "a real joy", "so dull it hurts"])),
        ("dev", "a joy to watch .", 1),
        ("test", "No one will call it a Fine Film .", -1),
    ]
    pl.DataFrame(rows, schema=["split", "text", "label"], orient="row").write_parquet(tmp_path / "sst2.parquet")
    return tmp_path


def test_phrases_of_dev_and_test_sentences_are_kept_out_of_train(folder):
    splits = data.load("sst2").splits
    assert splits["train"].texts == ("slow", "dull", "a real joy", "so dull it hurts")
    assert (splits["kept_out"].texts, splits["kept_out"].ids) == (("a joy", "fine film"), ("1", "2"))


def test_all_of_glue_s_rows_are_there_on_demand(folder):
    splits = Sst2(official=True).load().splits
    assert len(splits["train"]) == 6
    assert set(splits) == {"train", "dev", "test"}


def test_the_audit_says_how_many_were_kept_out(folder):
    pytest.importorskip("datasketch", reason="needs valence[audit]")
    report = audit(data.load("sst2"))
    assert "2 training rows stand word for word in a dev or test text: they are kept out of train." in report.sentences()
    assert report.to_json()["splits"]["kept_out"]["rows"] == 2


@pytest.mark.real
def test_no_phrase_of_a_real_dev_or_test_sentence_is_trained_on(real):
    splits = data.load("sst2").splits
    assert len(splits["train"]) + len(splits["kept_out"]) == 67_349
    assert not phrases_of(splits["dev"].texts + splits["test"].texts, splits["train"].texts).any()


@pytest.mark.real
@pytest.mark.parametrize("seed", [0, 3])
def test_the_samples_of_the_curve_are_nested_and_stratified(real, seed):
    before: set[str] = set()
    for n in (16, 64, 256, 1024, 4096, 8192, 16384, None):
        parts = prepare(experiment("majority", data="sst2", n_train=n, seed=seed))
        ids = {*parts.train.ids, *parts.valid.ids}
        labels = np.concatenate([parts.train.labels, parts.valid.labels])
        assert len(ids) == len(labels) == (n or 63_968), "the budget holds the validation texts too"
        assert before < ids
        assert abs((labels == 1).mean() - 35_451 / 63_968) <= 1 / len(labels)
        assert set(parts.train.labels.tolist()) == set(parts.valid.labels.tolist()) == {0, 1}
        assert len(parts.valid) == pytest.approx(len(labels) / 10, abs=1)
        before = ids

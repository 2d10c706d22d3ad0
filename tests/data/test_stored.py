"""Data sets that lie as one Parquet file."""

import polars as pl
import pytest

from valence import data
from valence.data.imdb_contrast import ImdbContrast
from valence.data.sst2 import Sst2
from valence.errors import BadData, DataNotFound


def write(path, **columns):
    pl.DataFrame(columns).write_parquet(path)
    return path


@pytest.fixture
def sst2(tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    return write(
        tmp_path / "sst2.parquet", text=["good", "bad", "Fine.", None], label=[1, 0, 1, 0], split=["train", "train", "dev", "test"]
    )


def test_ids_are_row_numbers_within_the_split_and_a_missing_text_is_empty(sst2):
    corpus = data.load("sst2")
    assert {k: (s.ids, s.texts, s.labels.tolist()) for k, s in corpus.splits.items()} == {
        "train": (("0", "1"), ("good", "bad"), [1, 0]),
        "dev": (("0",), ("Fine.",), [1]),
        "test": (("0",), ("",), [0]),
    }


def test_an_explicit_path_may_be_the_file_or_its_folder(sst2, monkeypatch):
    monkeypatch.delenv("VALENCE_DATA")
    assert Sst2(path=sst2).load().digest == Sst2(path=sst2.parent).load().digest


def test_an_explicit_path_ends_the_search(sst2, tmp_path):
    with pytest.raises(DataNotFound, match=r"Searched: .*gone.parquet \(not there\). Name a file"):
        Sst2(path=tmp_path / "gone.parquet").load()


def test_a_truncated_file_is_said_to_be_one(sst2):
    sst2.write_bytes(sst2.read_bytes()[:-20])
    with pytest.raises(BadData, match=r"sst2.parquet is not a whole Parquet file"):
        data.load("sst2")


def test_a_missing_column_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    write(tmp_path / "sst2.parquet", text=["a"], split=["train"])
    with pytest.raises(BadData, match=r"sst2.parquet has no column 'label'. It has: text, split."):
        data.load("sst2")


def test_an_unknown_split_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    write(tmp_path / "sst2.parquet", text=["a"], label=[0], split=["held-out"])
    with pytest.raises(BadData, match=r"sst2: unknown split 'held-out'. Known: train"):
        data.load("sst2")


def test_the_contrast_set_is_test_only_and_names_its_sides(tmp_path):
    columns = {"text": ["Good.", "Bad.", "Bad.", "Good."], "label": [1, 0, 0, 1], "id": [0, 1, 0, 1]}
    write(tmp_path / "imdb_contrast_dev.parquet", **columns, split=["dev_original"] * 2 + ["dev_contrast"] * 2)
    corpus = ImdbContrast(path=tmp_path).load()
    assert len(corpus.splits["train"]) == 0
    assert corpus.splits["test"].ids == ("0_original", "1_original", "0_contrast", "1_contrast")


def test_a_contrast_set_with_other_splits_is_refused(tmp_path):
    path = write(tmp_path / "imdb_contrast_dev.parquet", text=["a"], label=[0], id=[0], split=["train"])
    with pytest.raises(BadData, match="expected the splits dev_original and dev_contrast, found"):
        ImdbContrast(path=path).load()


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "sizes", "digest"),
    [
        ("sst2", {"train": 63968, "dev": 872, "test": 1821, "kept_out": 3381}, "4a9fe68742c061d3"),
        ("sst2_sentence", {"train": 6920, "dev": 872, "test": 1821}, "2d4b47e25f01257a"),
        ("imdb_contrast", {"train": 0, "test": 200}, "ef15d425b8b7e32d"),
    ],
)
def test_the_real_files_have_their_published_sizes(real, name, sizes, digest):
    corpus = data.load(name)
    assert {k: len(s) for k, s in corpus.splits.items()} == sizes
    assert corpus.digest == digest
    assert set(data.require_labels(corpus, "test").labels.tolist()) == {0, 1}

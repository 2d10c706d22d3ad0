"""`data.load`, `data.require_labels`, and the names of the data sets."""

import subprocess
import sys

import numpy as np
import pytest

from valence import data
from valence.errors import BadData, BadSetting, DataNotFound, UnknownName, WithheldLabels
from valence.types import Corpus, Split

NAMES = (
    "amazon_polarity",
    "imdb",
    "imdb_2000",
    "imdb_contrast",
    "movie_reviews",
    "rotten_tomatoes",
    "sst2",
    "sst2_sentence",
    "table",
    "tweet_eval",
)


def corpus(name, **labels):
    """A corpus whose splits have these labels."""
    splits = {k: Split(tuple(map(str, range(len(v)))), ("Fine.",) * len(v), np.array(v, dtype=np.int64)) for k, v in labels.items()}
    return Corpus(name, ("negative", "positive"), splits, "0")


def test_the_data_sets_are_the_files_without_the_tools():
    assert data.DATASETS.names == (*NAMES, "yelp_polarity")
    assert not set(data.DATASETS.names) & data.TOOLS


def test_a_tool_is_no_data_set():
    with pytest.raises(UnknownName, match="No data set 'audit'"):
        data.load("audit")


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UnknownName, match=r"No data set 'imbd'. Did you mean 'imdb'?"):
        data.load("imbd")


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {"movie_reviews", "rotten_tomatoes"}])
def test_a_data_set_that_is_nowhere_names_the_places_and_the_way_out(name, monkeypatch, tmp_path):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    monkeypatch.setitem(sys.modules, "datasets", None)  # find_spec raises for None: a broken install must not hide the message
    monkeypatch.setattr("valence.data._hub.find_spec", lambda _: None)
    with pytest.raises(DataNotFound) as caught:
        data.load(name)
    message = str(caught.value)
    if name != "table":
        assert f"No data for {name!r}. Searched: $VALENCE_DATA = {tmp_path} (holds no" in message
        assert "et $VALENCE_DATA to" in message
    if name not in {"table", "imdb_contrast"}:
        assert "pip install 'valence[hub]'" in message


def test_a_folder_that_is_not_there_is_said_so(monkeypatch, tmp_path):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataNotFound, match="not a folder"):
        data.load("imdb_contrast")


def test_a_file_for_a_folder_is_not_taken_for_every_data_set(monkeypatch, reviews_csv):
    monkeypatch.setenv("VALENCE_DATA", str(reviews_csv))
    with pytest.raises(DataNotFound, match="not a folder"):
        data.load("imdb_contrast")


def test_a_path_is_read_as_a_table(reviews_csv):
    loaded = data.load(reviews_csv)
    assert (loaded.name, len(loaded.splits["train"]), len(loaded.splits["test"])) == ("reviews", 80, 40)
    assert loaded.digest == data.load(str(reviews_csv)).digest


def test_columns_are_passed_on(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("a,b,c\n1,Good.,x\n2,Fine.,x\n3,Bad.,y\n4,Poor.,y\n", encoding="utf-8")
    loaded = data.load(path, text_column="b", label_column="c", id_column="a")
    assert loaded.labels == ("x", "y")
    assert sorted(i for s in loaded.splits.values() for i in s.ids) == ["1", "2", "3", "4"]


def test_columns_are_refused_for_a_data_set():
    with pytest.raises(BadSetting, match="text_column is for a file of your own; imdb is a data set"):
        data.load("imdb", text_column="review")


def test_a_file_with_a_known_ending_that_is_missing_is_bad_data():
    with pytest.raises(BadData, match=r"There is no file nowhere.csv"):
        data.load("nowhere.csv")


def test_importing_the_room_imports_no_data_frames():
    code = "import sys, valence.data; print([m for m in ('polars', 'pandas', 'pyarrow', 'torch', 'datasets') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_finding_every_data_set_imports_no_data_frames():
    code = (
        "import sys; from valence.data import DATASETS; [DATASETS.find(n).topic for n in DATASETS.names];"
        "print([m for m in ('polars', 'pandas', 'pyarrow', 'torch', 'datasets') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_withheld_labels_name_the_way_out():
    found = corpus("sst2", train=[0, 1], dev=[0, 1], test=[-1, -1])
    with pytest.raises(WithheldLabels) as caught:
        data.require_labels(found, "test")
    assert str(caught.value) == (
        "sst2 test labels are all -1: GLUE withholds them. Score on `dev`, or point $VALENCE_DATA at a copy with labels."
    )


def test_withheld_labels_do_not_point_to_a_dev_split_that_is_not_there():
    with pytest.raises(WithheldLabels, match=r"^other test labels are all -1: they are withheld. Point \$VALENCE_DATA"):
        data.require_labels(corpus("other", train=[0, 1], test=[-1]), "test")


def test_a_labelled_split_is_returned_and_others_are_refused():
    found = corpus("c", train=[], test=[0, -1])
    assert data.require_labels(found, "test") is found.splits["test"]
    with pytest.raises(BadData, match="c train has no rows"):
        data.require_labels(found, "train")
    with pytest.raises(UnknownName, match="No split of c 'dev'"):
        data.require_labels(found, "dev")

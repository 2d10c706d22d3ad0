"""2,000 test reviews of IMDB: the same in every run, as many of each label."""

import numpy as np
import polars as pl
import pytest

from valence import data
from valence.data.imdb_2000 import Imdb2000
from valence.errors import BadSetting


def parquet(folder, tests):
    split = ["train"] * 4 + ["test"] * tests
    label = [i % 2 for i in range(len(split))]
    text = [f"A film, the {i}th, {('dull', 'fine')[y]}." for i, y in enumerate(label)]
    ids = [f"{i}_{(2, 9)[y]}" for i, y in enumerate(label)]
    pl.DataFrame({"text": text, "label": label, "split": split, "id": ids}).write_parquet(folder / "imdb.parquet")
    return folder


def test_it_holds_two_thousand_and_all_of_train_the_same_each_time(tmp_path):
    found, again = (Imdb2000(path=parquet(tmp_path, 2400)).load() for _ in range(2))
    assert np.bincount(found.splits["test"].labels).tolist() == [1000, 1000]
    assert len(found.splits["train"]) == 4
    assert found.splits["test"].ids == again.splits["test"].ids
    assert found.digest == again.digest


def test_fewer_test_reviews_are_refused(tmp_path):
    with pytest.raises(BadSetting, match=r"n = 2,000 rows were asked for; 1,000"):
        Imdb2000(path=parquet(tmp_path, 1000)).load()


@pytest.mark.real
def test_the_reviews_are_these(real):
    found, whole = data.load("imdb_2000"), data.load("imdb")
    assert found.digest == "872cb6dfea2b0eb6"
    assert set(found.splits["test"].ids) <= set(whole.splits["test"].ids)
    assert found.splits["train"].ids == whole.splits["train"].ids
    assert len(found.splits["unlabeled"]) == len(whole.splits["unlabeled"])

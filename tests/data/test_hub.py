"""The hub through a stand-in for the package `datasets`: what is asked of it, and what comes of its answers."""

import sys
import types

import numpy as np
import pyarrow as pa
import pytest

from valence import data
from valence.errors import DataNotFound


class Part:
    """One split of the package: arrow on request."""

    def __init__(self, **columns):
        self.table = pa.table(columns)

    def with_format(self, kind):
        assert kind == "arrow"
        return self

    def __getitem__(self, rows):
        assert rows == slice(None)
        return self.table


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """An empty $VALENCE_DATA and a package `datasets` that answers with what is put into `answers`."""
    answers, asked = {}, []

    def load_dataset(path, config=None):
        asked.append((path, config))
        if isinstance(answers[path], Exception):
            raise answers[path]
        return answers[path]

    module = types.ModuleType("datasets")
    module.load_dataset = load_dataset
    module.__spec__ = types.SimpleNamespace(name="datasets")
    monkeypatch.setitem(sys.modules, "datasets", module)
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    return types.SimpleNamespace(answers=answers, asked=asked)


def test_glue_withholds_the_labels_of_sst2_test(hub):
    two = {"sentence": ["Good.", "Bad."], "idx": [0, 1]}
    hub.answers["nyu-mll/glue"] = {
        "train": Part(**two, label=[1, 0]),
        "validation": Part(**two, label=[1, 0]),
        "test": Part(**two, label=[-1, -1]),
    }
    corpus = data.load("sst2")
    assert hub.asked == [("nyu-mll/glue", "sst2")]
    assert list(corpus.splits) == ["train", "dev", "test", "kept_out"]
    assert corpus.splits["dev"].labels.tolist() == [1, 0]
    assert corpus.splits["test"].labels.tolist() == [-1, -1]
    assert corpus.splits["test"].ids == ("0", "1")


def test_imdb_has_row_numbers_for_ids_and_drops_unlabelled_texts_that_are_in_test(hub):
    hub.answers["stanfordnlp/imdb"] = {
        "train": Part(text=["Bad.", "Good."], label=[0, 1]),
        "test": Part(text=["Poor &amp; dull.", "Fine."], label=[0, 1]),
        "unsupervised": Part(text=["Other.", "Poor  & dull.", "Good."], label=[-1, -1, -1]),
    }
    corpus = data.load("imdb")
    assert corpus.splits["train"].ids == ("0", "1")
    assert corpus.splits["unlabeled"].texts == ("Other.", "Good.")
    assert corpus.splits["unlabeled"].ids == ("0", "2")
    assert corpus.splits["unlabeled"].labels.tolist() == [-1, -1]


def test_a_title_and_a_body_are_joined_by_a_line_break(hub):
    part = Part(title=["Great", None], content=["It works.", "No title."], label=[1, 0])
    hub.answers["fancyzhx/amazon_polarity"] = {"train": part, "test": part}
    assert data.load("amazon_polarity").splits["test"].texts == ("Great\nIt works.", "No title.")


def test_tweet_eval_has_three_labels(hub):
    part = Part(text=["No.", "Well.", "Yes."], label=[0, 1, 2])
    hub.answers["cardiffnlp/tweet_eval"] = {"train": part, "validation": part, "test": part}
    corpus = data.load("tweet_eval")
    assert hub.asked == [("cardiffnlp/tweet_eval", "sentiment")]
    assert corpus.labels == ("negative", "neutral", "positive")
    assert np.array_equal(corpus.splits["dev"].labels, [0, 1, 2])


def test_a_hub_that_cannot_be_reached_is_named_with_its_reason(hub):
    hub.answers["fancyzhx/yelp_polarity"] = ConnectionError("Couldn't reach\nthe Hub")
    with pytest.raises(DataNotFound, match=r"the Hugging Face hub, fancyzhx/yelp_polarity \(ConnectionError: Couldn't reach the Hub\)"):
        data.load("yelp_polarity")


def test_a_repeated_split_counts_once(hub):
    part = Part(text=["No.", "Yes."], label=[0, 1])
    hub.answers["SetFit/sst2"] = {"train": part, "validate": part, "validation": Part(text=["x"], label=[0]), "test": part}
    assert len(data.load("sst2_sentence").splits["dev"]) == 2

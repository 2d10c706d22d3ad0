"""Digests, lazily read splits, and what a corpus refuses."""

import time

import numpy as np
import pytest

from valence.data._corpus import Splits, corpus, digest, empty_split, unlabeled_split
from valence.errors import BadData
from valence.types import Split

LABELS = ("negative", "positive")


def split(ids=("a", "b"), texts=("Bad.", "Good."), labels=(0, 1)):
    return Split(tuple(ids), tuple(texts), np.array(labels, dtype=np.int64))


def test_the_digest_is_sixteen_hex_digits_and_known():
    # Packed by hand with struct, hashed with BLAKE2b, written down: the same on every machine, or old runs no longer match their data.
    assert digest(LABELS, {"train": split(), "test": empty_split()}) == "69cde945f662b17d"


@pytest.mark.parametrize(
    "other",
    [
        split(ids=("a", "c")),
        split(texts=("Bad.", "Good!")),
        split(labels=(0, 0)),
        split(labels=(0, -1)),
        split(texts=("Bad.G", "ood.")),
        split(ids=("ab", "")),
        split(ids=("b", "a"), texts=("Good.", "Bad."), labels=(1, 0)),
    ],
    ids=["id", "text", "label", "no label", "the border of two texts", "the border of two ids", "order"],
)
def test_the_digest_changes_with(other):
    assert digest(LABELS, {"train": split()}) != digest(LABELS, {"train": other})


def test_the_digest_changes_with_the_split_and_with_the_label_names():
    assert digest(LABELS, {"train": split()}) != digest(LABELS, {"test": split()})
    assert digest(LABELS, {"train": split()}) != digest(("bad", "good"), {"train": split()})


def test_the_digest_leaves_out_unlabeled_and_the_order_of_the_splits():
    first = digest(LABELS, {"train": split(), "test": split(labels=(1, 1))})
    assert first == digest(LABELS, {"test": split(labels=(1, 1)), "unlabeled": unlabeled_split("x", "y"), "train": split()})


def test_fifty_thousand_reviews_are_digested_in_well_under_a_second():
    texts = [f"{i} " + "A sentence of our own, again and again. " * 32 for i in range(50_000)]
    big = Split(tuple(map(str, range(50_000))), tuple(texts), np.zeros(50_000, dtype=np.int64))
    start = time.perf_counter()
    digest(LABELS, {"train": big})
    assert time.perf_counter() - start < 2  # 0.15 s on an idle core; the machine may be busy


def test_a_later_split_is_read_at_its_first_use_and_once():
    reads = []

    def read():
        reads.append(1)
        return unlabeled_split(["u"], ["So."])

    splits = Splits({"train": split()}, {"unlabeled": read})
    assert (list(splits), len(splits), "unlabeled" in splits, "dev" in splits) == (["train", "unlabeled"], 2, True, False)
    assert not reads
    assert splits["unlabeled"].labels.tolist() == [-1]
    assert splits["unlabeled"].ids == ("u",)
    assert len(reads) == 1


def test_a_split_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError):
        Splits({"train": split()})["dev"]


def test_an_id_that_occurs_twice_is_refused():
    with pytest.raises(BadData, match="mine train: the id 'a' occurs twice"):
        corpus("mine", LABELS, {"train": split(ids=("a", "a"))})


def test_a_label_without_a_name_is_refused():
    with pytest.raises(BadData, match="mine test: labels run from 0 to 2; expected 0 to 1"):
        corpus("mine", LABELS, {"test": split(labels=(0, 2))})

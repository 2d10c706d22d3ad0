"""N-gram counts equal scikit-learn's and a plain count in Python; no chunk, neighbour or odd character changes one."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from conftest import sentences
from valence.errors import BadData
from valence.text import ngrams as module
from valence.text._chunk import sort_with_places
from valence.text.ngrams import Ngrams, learn_ngrams
from valence.text.word_rule import STOCK_WORDS, WordRule

STOCK = WordRule(STOCK_WORDS, keep_breaks=True)
ODD = [
    "",
    " \n",
    "a\x00b a\x00b",
    "😀🎬 👍🏽",
    "هذا الفيلم رائع",
    "la fin<br /><br />la fin",
    "İstanbul ΣΑΣ ß",
    "\ud800 half a pair",
    "na " * 50,
]


def named(ngrams, counts) -> list[Counter]:
    """Return each row as a Counter over the n-grams' names."""
    names = ngrams.names()
    spans = zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
    return [Counter({names[c]: int(v) for c, v in zip(counts.indices[a:b], counts.data[a:b], strict=True)}) for a, b in spans]


def counted_by_hand(words: list[list[str]], longest: int, min_texts: int) -> list[Counter]:
    """Count with Counters, then keep what is in `min_texts` texts."""
    rows = [Counter(" ".join(w[i : i + n]) for n in range(1, longest + 1) for i in range(len(w) - n + 1)) for w in words]
    texts = Counter(gram for row in rows for gram in row)
    return [Counter({gram: k for gram, k in row.items() if texts[gram] >= min_texts}) for row in rows]


def by_scikit_learn(texts, longest: int, min_texts: int) -> tuple[list[str], np.ndarray]:
    vectorizer = CountVectorizer(ngram_range=(1, longest), min_df=min_texts)
    counts = vectorizer.fit_transform(texts).toarray()
    return list(vectorizer.get_feature_names_out()), counts


@pytest.mark.parametrize(("longest", "min_texts"), [(1, 1), (1, 3), (2, 1), (2, 2), (3, 2), (4, 1)])
def test_counts_equal_scikit_learns_up_to_column_order(longest, min_texts):
    texts = [*sentences(80)[0], "Ein schöner Film, naïve but fine.<br /><br />It's 10/10 and 1½ hours_long"] * 2
    ngrams, counts = learn_ngrams(texts, longest=longest, min_texts=min_texts, rule=WordRule(r"\w{2,}", keep_breaks=True))
    names, expected = by_scikit_learn([t.replace("½", " ") for t in texts], longest, min_texts)
    order = np.argsort(ngrams.names())
    assert sorted(ngrams.names()) == names
    np.testing.assert_array_equal(counts.toarray()[:, order], expected)


@pytest.mark.real
def test_counts_of_real_reviews_equal_scikit_learns(real):
    texts = pl.read_parquet(real / "imdb.parquet", columns=["text"]).sample(1500, seed=0)["text"].to_list()
    ngrams, counts = learn_ngrams(texts, longest=2, min_texts=2, rule=STOCK)
    names, expected = by_scikit_learn(texts, 2, 2)
    order = np.argsort(ngrams.names())
    assert sorted(ngrams.names()) == names
    np.testing.assert_array_equal(counts.toarray()[:, order], expected)


@settings(deadline=None, max_examples=60)
@given(
    words=st.lists(st.lists(st.sampled_from("abcdé"), max_size=12), min_size=1, max_size=8),
    longest=st.integers(1, 6),
    min_texts=st.integers(1, 3),
    chunk=st.sampled_from([1, 10, 1000]),
)
def test_counts_equal_a_plain_count(words, longest, min_texts, chunk):
    texts = [" ".join(w) for w in words]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        ngrams, counts = learn_ngrams(texts, longest=longest, min_texts=min_texts)
        again = ngrams.count(texts)
    expected = counted_by_hand(words, longest, min_texts)
    assert named(ngrams, counts) == expected
    assert named(ngrams, again) == expected


def test_an_unknown_word_breaks_an_ngram_and_leaves_no_gap():
    ngrams, _ = learn_ngrams(["good film", "good film", "film good"], longest=2, min_texts=1)
    assert named(ngrams, ngrams.count(["good unheard film"])) == [Counter({"good": 1, "film": 1})]


def test_ngrams_never_reach_into_the_next_text():
    ngrams, _ = learn_ngrams(["one two", "two one"], longest=2, min_texts=1)
    assert named(ngrams, ngrams.count(["one", "two"])) == [Counter({"one": 1}), Counter({"two": 1})]


def test_columns_are_sorted_within_a_row_and_float32():
    _, counts = learn_ngrams(sentences(30)[0], longest=3, min_texts=1)
    assert counts.dtype == np.float32
    assert all((np.diff(counts.indices[a:b]) > 0).all() for a, b in zip(counts.indptr[:-1], counts.indptr[1:], strict=True))


def test_a_break_is_a_space_unless_it_is_kept():
    texts = ["awful<br /><br />ending", "Awful <BR>ending"]
    assert learn_ngrams(texts, longest=2, min_texts=2)[0].names() == ["awful", "ending", "awful ending"]
    assert "br" in learn_ngrams(texts, longest=1, min_texts=2, rule=STOCK)[0].names()


def test_odd_texts_are_counted_alone_as_together():
    ngrams, counts = learn_ngrams(ODD, longest=2, min_texts=1)
    alone = [named(ngrams, ngrams.count([text]))[0] for text in ODD]
    assert alone == named(ngrams, counts)
    assert alone[0] == alone[1] == Counter()


def test_a_large_vocabulary_numbers_one_text_as_it_numbers_many():
    words = [f"w{i}" for i in range(3000)]
    ngrams, counts = learn_ngrams([" ".join(words), "w5 w6 w5"], longest=2, min_texts=1)
    assert named(ngrams, ngrams.count(["w5 w6 w5"]))[0] == named(ngrams, counts)[1] == Counter({"w5": 2, "w6": 1, "w5 w6": 1, "w6 w5": 1})


def test_a_review_of_five_megabytes_is_one_row():
    ngrams, _ = learn_ngrams(["so good", "so good"], longest=2, min_texts=2)
    counts = ngrams.count(["so good " * 650_000])
    assert counts.toarray().tolist() == [[650_000, 650_000, 650_000]]


def test_no_texts_and_no_ngrams_give_empty_counts():
    for texts, shape in (([], (0, 0)), (["", " "], (2, 0)), (["one", "two"], (2, 0))):
        ngrams, counts = learn_ngrams(texts, longest=3, min_texts=2)
        assert counts.shape == shape
        assert ngrams.count(["one two three"]).shape == (1, 0)
    assert learn_ngrams(["one"], longest=1, min_texts=1)[0].count([]).shape == (0, 1)


def test_a_reload_counts_the_same(tmp_path):
    texts = sentences(40)[0]
    ngrams, counts = learn_ngrams(texts, longest=3, min_texts=2, rule=WordRule(r"\w+", keep_breaks=True))
    ngrams.save(tmp_path)
    again = Ngrams.load(tmp_path)
    assert (again.words, again.rule) == (ngrams.words, ngrams.rule)
    assert (again.count(texts) != counts).nnz == 0


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    for texts, folder in ((["a b c"], tmp_path / "one"), (["a b c d e f"], tmp_path / "two")):
        folder.mkdir()
        learn_ngrams(texts, longest=2, min_texts=1)[0].save(folder)
    (tmp_path / "two" / "ngrams.safetensors").replace(tmp_path / "one" / "ngrams.safetensors")
    with pytest.raises(BadData, match="the 2-grams do not fit the 3 words"):
        Ngrams.load(tmp_path / "one")


def test_values_too_large_to_pack_are_sorted_all_the_same():
    values = np.array([2**62, 3, 2**61, 3], dtype=np.int64)
    ordered, places = sort_with_places(values)
    assert ordered.tolist() == sorted(values.tolist())
    assert values[places].tolist() == ordered.tolist()

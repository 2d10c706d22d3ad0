"""Words, ids, and what stays of a long text."""

import time

import numpy as np
import polars as pl
import pytest

from valence.errors import BadData
from valence.text.vocabulary import PAD, UNK, Tokens, Vocabulary, split_words


def words(text: str) -> list[str]:
    return split_words([text])[0].to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't go! Why?", ["do", "n't", "go", "!", "why", "?"]),
        ("It's the film's best; they’re right.", ["it", "'s", "the", "film", "'s", "best", ";", "they", "'re", "right", "."]),
        ("Good<br /><br/>bad <BR>so", ["good", "bad", "so"]),
        ("well.... maybe…", ["well", "...", "maybe", "..."]),
        ("a\x00b\x96c", ["a", "b", "c"]),
        ("8/10", ["8", "/", "10"]),
        ("Ärger über CAFÉ", ["ärger", "über", "café"]),
        ("😀 هذا", ["😀", "هذا"]),
        ("half \ud83d here", ["half", "?", "here"]),
        (" \n\t", []),
    ],
)
def test_html_case_and_contractions_are_handled(text, expected):
    assert words(text) == expected


def test_a_comparison_sign_is_no_markup():
    assert words("3 < 4 and 5 > 2") == ["3", "<", "4", "and", "5", ">", "2"]


def test_words_are_ordered_by_count_then_alphabet_after_padding_and_unknown():
    vocabulary = Vocabulary.learn(["b a a", "c b a"], min_count=1)
    assert vocabulary.words == ("[PAD]", "[UNK]", "a", "b", "c")


def test_rare_words_and_words_beyond_the_limit_are_unknown():
    vocabulary = Vocabulary.learn(["a a a b b c"], max_words=3, min_count=2)
    assert vocabulary.words == ("[PAD]", "[UNK]", "a")
    assert vocabulary.encode(["a b c a"])[0].tolist() == [2, UNK, UNK, 2]


def test_padding_and_unknown_differ_and_no_word_is_padding():
    vocabulary = Vocabulary.learn(["fine [PAD] film"], min_count=1)
    ids = vocabulary.encode(["fine [PAD] [UNK] never seen", ""]).ids
    assert PAD != UNK
    assert PAD not in ids


def test_a_text_without_words_is_one_unknown_word_wherever_it_stands():
    tokens = Vocabulary.learn(["a b"], min_count=1).encode(["", "a", " ", "b a", "\x00"])
    assert [t.tolist() for t in tokens] == [[UNK], [2], [UNK], [3, 2], [UNK]]


def test_no_texts_give_no_ids():
    tokens = Vocabulary.learn(["a"], min_count=1).encode([])
    assert len(tokens) == 0
    assert tokens.ids.dtype == np.int32


@pytest.mark.parametrize(("keep", "expected"), [("head", [1, 2, 3]), ("tail", [5, 6, 7]), ("head+tail", [1, 6, 7])])
def test_a_long_text_keeps_its_head_its_tail_or_both(keep, expected):
    tokens = Tokens(np.array([9, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8], dtype=np.int32), np.array([0, 1, 8, 11]))
    cut = tokens.cut(3, keep)
    assert [t.tolist() for t in cut] == [[9], expected, [8, 8, 8]]


def test_a_cut_to_one_word_leaves_one_word():
    tokens = Tokens(np.arange(5, dtype=np.int32), np.array([0, 5]))
    assert [tokens.cut(1, keep)[0].tolist() for keep in ("head", "tail", "head+tail")] == [[0], [4], [4]]


def test_a_reload_has_the_same_words(tmp_path):
    vocabulary = Vocabulary.learn(["naïve 'quoted' \"film\" 😀"], min_count=1)
    vocabulary.save(tmp_path / "words.json")
    assert Vocabulary.load(tmp_path / "words.json") == vocabulary


@pytest.mark.parametrize("content", ["{", "[]", '["a", "b"]', '["[PAD]", "[UNK]", "a", "a"]'])
def test_what_is_no_vocabulary_is_refused(tmp_path, content):
    (tmp_path / "words.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadData):
        Vocabulary.load(tmp_path / "words.json")


def test_a_missing_vocabulary_is_named(tmp_path):
    with pytest.raises(BadData, match=r"absent\.json"):
        Vocabulary.load(tmp_path / "absent.json")


@pytest.mark.real
def test_the_official_reviews_are_read_in_seconds(real):
    texts = pl.read_parquet(real / "imdb.parquet").filter(pl.col("split") == "train")["text"].to_list()
    started = time.perf_counter()
    tokens = Vocabulary.learn(texts).encode(texts)
    assert time.perf_counter() - started < 20
    assert len(tokens) == 25_000
    assert (tokens.ids == UNK).mean() < 0.03

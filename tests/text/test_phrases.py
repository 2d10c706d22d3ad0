"""N-grams of encoded texts."""

import numpy as np

from valence.text.phrases import learn_phrases
from valence.text.vocabulary import Vocabulary

TEXTS = ("not good at all", "not good", "good not", "so so so so", "not good at all, not good")
WORDS = Vocabulary(("[PAD]", "[UNK]", "good", "not", "at", "all", "so"))
SIZE = len(WORDS)


def spelled(keys, below):
    """Return each n-gram of one order as its words, given the n-grams of the order below."""
    return [f"{below[key // SIZE]} {WORDS.words[key % SIZE]}" for key in keys.tolist()]


def test_n_grams_of_enough_texts_are_found_and_none_crosses_from_text_to_text():
    found = learn_phrases(WORDS.encode(TEXTS), SIZE, longest=3, min_texts=2)
    pairs = spelled(found.keys[0], WORDS.words)
    assert sorted(pairs) == ["at all", "good at", "not good"]
    assert sorted(spelled(found.keys[1], pairs)) == ["good at all", "not good at"]


def test_a_repeated_n_gram_counts_once_towards_the_texts_that_hold_it():
    found = learn_phrases(WORDS.encode(TEXTS), SIZE, longest=2, min_texts=2)
    assert "so so" not in spelled(found.keys[0], WORDS.words)
    assert "so so" in spelled(learn_phrases(WORDS.encode(TEXTS), SIZE, longest=2, min_texts=1).keys[0], WORDS.words)


def test_columns_are_words_by_id_then_n_grams_by_key_and_unknown_words_are_not_counted():
    found = learn_phrases(WORDS.encode(TEXTS), SIZE, longest=2, min_texts=2)
    counts = found.counts.toarray()
    assert counts.shape == (5, SIZE + 3)
    np.testing.assert_array_equal(counts[:, :2], 0)  # the comma is unknown
    np.testing.assert_array_equal(counts[:, 2], [1, 1, 1, 0, 2])
    not_good = SIZE + spelled(found.keys[0], WORDS.words).index("not good")
    np.testing.assert_array_equal(counts[:, not_good], [1, 1, 0, 0, 2])


def test_an_unknown_word_is_part_of_no_n_gram():
    found = learn_phrases(WORDS.encode(["not really good", "not really good"]), SIZE, longest=2, min_texts=1)
    assert not len(found.keys[0])


def test_single_words_only_when_no_longer_ones_are_asked_for():
    found = learn_phrases(WORDS.encode(TEXTS), SIZE, longest=1, min_texts=1)
    assert found.keys == ()
    assert found.counts.shape == (5, SIZE)

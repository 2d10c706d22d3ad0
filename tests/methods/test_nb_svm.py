"""NB-SVM's ratio against a worked example, and several labels against each other."""

import numpy as np
from scipy.sparse import csr_array

from conftest import sentences
from valence.methods.nb_svm import NbSvm, log_count_ratio
from valence.types import Split, Task


def test_the_ratio_equals_the_papers_formula_by_hand():
    # Three texts, the first two positive. Texts with each n-gram: positive (2, 1, 0), negative (1, 0, 1); counts above 1 count once.
    # alpha = 1: p = (3, 2, 1), sum 6; q = (2, 1, 2), sum 5; r = log of (3/6)/(2/5), (2/6)/(1/5), (1/6)/(2/5).
    counts = csr_array(np.array([[1, 3, 0], [2, 0, 0], [1, 0, 5]], dtype=np.float32))
    ratio = log_count_ratio(counts, np.array([True, True, False]), 1.0)
    np.testing.assert_allclose(ratio, np.log([1.25, 5 / 3, 5 / 12]), rtol=1e-6)


def test_an_ngram_that_both_labels_use_alike_has_no_say():
    texts = ["good thing", "bad thing"] * 20
    train = Split(tuple(map(str, range(40))), tuple(texts), np.array([1, 0] * 20, dtype=np.int64))
    fitted = NbSvm(ngrams=1).fit(train, train.select([]), Task(("a", "b")))
    weight = dict(zip(fitted.ngrams.names(), fitted.weights.coefficients[:, 0].tolist(), strict=True))
    assert weight["thing"] == 0
    assert weight["good"] > 0 > weight["bad"]


def test_presence_alone_counts_a_repeated_word_once():
    texts, labels = sentences(60)
    train = Split(tuple(map(str, range(60))), tuple(texts), np.array(labels, dtype=np.int64))
    fitted = NbSvm(ngrams=1, weighting="presence").fit(train, train.select([]), Task(("a", "b")))
    once, often = fitted.predict(["wonderful", "wonderful wonderful"]).probabilities
    assert fitted.size.total == fitted.size.trainable
    np.testing.assert_array_equal(once, often)


def test_several_labels_are_told_apart_each_from_the_rest():
    texts, labels = sentences(90, classes=3)
    train = Split(tuple(map(str, range(90))), tuple(texts), np.array(labels, dtype=np.int64))
    fitted = NbSvm().fit(train, train.select([]), Task(("a", "b", "c")))
    asked, expected = sentences(60, seed=1, classes=3)
    found = fitted.predict(asked)
    assert fitted.weights.one_vs_rest
    assert (found.labels == expected).mean() > 0.95
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-6)

import numpy as np
import pytest

from valence.explain import explain
from valence.explain.ways.linear import places, spread
from valence.methods.nb_svm import NbSvm
from valence.methods.tfidf_linear import TfidfLinear
from valence.text.ngrams import learn_ngrams

LABELS = ("negative", "positive")
TEXT = "The PLOT is dreadful,<br />but what a wonderful, moving cast; the plot is not boring."


@pytest.mark.parametrize("method", [TfidfLinear(), NbSvm(), NbSvm(weighting="presence", ngrams=1)], ids=["tfidf", "nb_svm", "presence"])
def test_the_words_add_up_to_the_log_odds_less_the_intercept(method, fitted):
    classifier = fitted(method)
    found = explain(classifier, TEXT, LABELS, label="positive")
    p = classifier.predict([TEXT]).probabilities[0].astype(np.float64)
    assert found.method == "linear"
    assert found.total + float(classifier.weights.intercept[0]) == pytest.approx(np.log(p[1] / p[0]), abs=1e-4)
    assert found.delta == pytest.approx(0, abs=1e-9)


def test_the_other_label_is_the_mirror_image(linear):
    for_, against = (explain(linear, TEXT, LABELS, label=label) for label in ("positive", "negative"))
    np.testing.assert_allclose(for_.scores, -against.scores)


def test_three_labels_add_up_to_the_margin_over_the_others(fitted):
    labels = ("bad", "good", "lukewarm")
    classifier = fitted(TfidfLinear(), labels)
    found = explain(classifier, TEXT, labels, label="good")
    log_p = np.log(classifier.predict([TEXT]).probabilities[0].astype(np.float64)) - classifier.weights.intercept
    assert found.total == pytest.approx(log_p[1] - (log_p[0] + log_p[2]) / 2, abs=1e-4)


def test_places_find_what_counting_counts():
    ngrams, _ = learn_ngrams(["a b a b c", "b c a b", "c c a b c"], longest=3, min_texts=1)
    words = ["a", "b", "unknown", "c", "c", "a", "b", "c"]
    found = np.concatenate(places(ngrams, words))
    counted = np.bincount(found[found >= 0], minlength=ngrams.size)
    np.testing.assert_array_equal(counted, ngrams.count([" ".join(words)]).toarray()[0])
    assert places(ngrams, [])[0].shape == (0,)


def test_a_term_is_shared_by_its_occurrences_and_words():
    # columns: 0 = "a", 1 = "b", 2 = "a b"; the text is "a b a b"
    scores = spread(np.array([1.0, -2.0, 4.0]), [np.array([0, 1, 0, 1]), np.array([2, -1, 2, -1])])
    np.testing.assert_allclose(scores, [0.5 + 1, -1 + 1, 0.5 + 1, -1 + 1])


def test_a_text_of_unknown_words_says_so(linear):
    found = explain(linear, "Zzzyx qqqq", LABELS)
    assert found.total == 0
    assert "No n-gram" in found.note

"""The shared fit of the linear methods, and the solver under it."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from conftest import sentences
from valence.methods._linear import UNSEEN, logistic_regression
from valence.methods.mean_embedding import MeanEmbedding
from valence.methods.nb_svm import NbSvm
from valence.methods.tfidf_linear import TfidfLinear
from valence.types import Split, Task

LINEAR = [TfidfLinear, NbSvm, MeanEmbedding]


def split(texts, labels) -> Split:
    return Split(tuple(map(str, range(len(texts)))), tuple(texts), np.array(labels, dtype=np.int64))


def task(classes: int) -> Task:
    return Task(tuple("abcdefgh"[:classes]), seed=0)


def data(n: int, features: int, classes: int) -> tuple[csr_array, np.ndarray]:
    rng = np.random.default_rng(0)
    values = rng.random((n, features)) * (rng.random((n, features)) < 0.3)
    labels = (values @ rng.normal(size=(features, classes)) + rng.gumbel(size=(n, classes)) / 5).argmax(axis=1)
    return csr_array(values.astype(np.float32)), labels.astype(np.int64)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_solver_reaches_the_optimum_that_float64_reaches(classes):
    values, labels = data(400, 30, classes)
    coefficients, intercept = logistic_regression(values, labels, classes, 3.0)
    reference = LogisticRegression(C=3.0, tol=1e-10, max_iter=10_000).fit(values.astype(np.float64), labels)
    np.testing.assert_allclose(values @ coefficients + intercept, values @ reference.coef_.T + reference.intercept_, atol=0.05)


def test_a_label_that_never_occurs_is_improbable_and_finite():
    values, labels = data(100, 10, 2)
    coefficients, intercept = logistic_regression(values, labels * 2, 4, 3.0)
    binary, constant = logistic_regression(values, labels, 2, 3.0)
    scores = values @ coefficients + intercept
    assert intercept[[1, 3]].tolist() == [UNSEEN, UNSEEN]
    np.testing.assert_allclose(scores[:, 2] - scores[:, 0], (values @ binary + constant)[:, 0], rtol=1e-6)


def test_one_label_alone_gives_zero_coefficients():
    coefficients, intercept = logistic_regression(data(10, 4, 2)[0], np.zeros(10, dtype=np.int64), 2, 1.0)
    assert coefficients.tolist() == [[0.0]] * 4
    assert intercept.tolist() == [UNSEEN]


@pytest.mark.parametrize("method", LINEAR)
def test_a_text_without_a_known_ngram_gets_the_class_frequencies(method):
    texts, labels = sentences(40, classes=2)
    train = split([*texts, "wonderful"], [*labels, 1])
    found = method().fit(train, train.select([]), task(2)).predict(["", "🙂", "unheard", "br<br />"]).probabilities
    np.testing.assert_allclose(found, [[20 / 41, 21 / 41]] * 4, rtol=1e-6)


@pytest.mark.parametrize("method", LINEAR)
@pytest.mark.parametrize(("texts", "labels"), [(["one", "two"], [1, 1]), (["", " "], [0, 1]), (["one"], [2])])
def test_training_texts_that_teach_nothing_give_the_class_frequencies(method, texts, labels):
    train = split(texts, labels)
    found = method().fit(train, train.select([]), task(3)).predict(["one", "two three"]).probabilities
    np.testing.assert_allclose(found, [np.bincount(labels, minlength=3) / len(labels)] * 2, atol=1e-8)


@pytest.mark.parametrize("method", LINEAR)
def test_twenty_texts_of_three_classes_with_one_class_missing_are_learned(method):
    texts, labels = sentences(20, classes=2)
    labels = [2 * label for label in labels]
    train = split(texts, labels)
    found = method().fit(train.select(range(14)), train.select(range(14, 20)), task(3)).predict(texts)
    assert (found.labels == labels).all()
    assert np.isfinite(found.probabilities).all()
    assert found.probabilities[:, 1].max() < 0.1


@pytest.mark.parametrize("method", LINEAR)
def test_valid_is_learned_from_too(method):
    texts, labels = sentences(40)
    whole = split(texts, labels)
    halves = [[i for i, label in enumerate(labels) if label == k] for k in (0, 1)]
    found = method().fit(whole.select(halves[0]), whole.select(halves[1]), task(2)).predict(texts)
    assert (found.labels == labels).all()


@pytest.mark.parametrize("method", LINEAR)
@pytest.mark.parametrize("classes", [2, 3])
def test_a_text_is_answered_bit_for_bit_the_same_alone_among_others_and_after_a_reload(method, classes, tmp_path):
    texts, labels = sentences(60, classes=classes)
    train = split(texts, labels)
    fitted = method().fit(train, train.select([]), task(classes))
    asked = [*sentences(40, seed=1, classes=classes)[0], "", "a\x00b", "🙂", "wonderful " * 2000]
    together = fitted.predict(asked).probabilities
    alone = np.concatenate([fitted.predict([text]).probabilities for text in asked])
    fitted.save(tmp_path)
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(method().load(tmp_path, task(classes)).predict(asked).probabilities, together)


def test_min_texts_counts_only_in_sets_that_are_large_enough():
    few, many = sentences(100), sentences(600)
    sizes = []
    for texts, labels in (few, many):
        train = split(texts, labels)
        sizes.append([TfidfLinear(min_texts=m).fit(train, train.select([]), task(2)).ngrams.size for m in (1, 3)])
    assert sizes[0][0] == sizes[0][1]
    assert sizes[1][0] > sizes[1][1]

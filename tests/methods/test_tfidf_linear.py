"""tf-idf and its logistic regression equal scikit-learn's."""

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from conftest import sentences
from valence.methods._weights import inverse_document_frequency, weigh
from valence.methods.tfidf_linear import TfidfLinear
from valence.text.ngrams import learn_ngrams
from valence.text.word_rule import STOCK_WORDS, WordRule
from valence.types import Split, Task

STOCK = {"ngrams": 2, "min_texts": 2, "cost": 10, "word_pattern": STOCK_WORDS, "keep_breaks": True}


def split(texts, labels) -> Split:
    return Split(tuple(map(str, range(len(texts)))), tuple(texts), np.array(labels, dtype=np.int64))


def test_the_matrix_equals_scikit_learns_up_to_column_order():
    texts = [*sentences(60)[0], "The the THE ending, ending<br /><br />again.", "again again"]
    ngrams, counts = learn_ngrams(texts, longest=2, min_texts=2, rule=WordRule(STOCK_WORDS, keep_breaks=True))
    values = weigh(counts, "tfidf", inverse_document_frequency(counts)).toarray()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    expected = vectorizer.fit_transform(texts).toarray()
    assert sorted(ngrams.names()) == list(vectorizer.get_feature_names_out())
    np.testing.assert_allclose(values[:, np.argsort(ngrams.names())], expected, atol=1e-6)


def test_probabilities_equal_scikit_learns_pipeline():
    texts, labels = sentences(700, classes=3)
    train = split(texts, labels)
    asked = sentences(50, seed=1, classes=3)[0]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, tol=1e-8, max_iter=10_000).fit(vectorizer.fit_transform(texts), labels)
    found = TfidfLinear(**STOCK).fit(train, train.select([]), Task(("a", "b", "c"))).predict(asked).probabilities
    np.testing.assert_allclose(found, model.predict_proba(vectorizer.transform(asked)), atol=2e-3)


@pytest.mark.real
def test_two_thousand_reviews_teach_what_they_should(real):
    rows = pl.read_parquet(real / "imdb.parquet", columns=["text", "label", "split"]).sample(fraction=1, shuffle=True, seed=0)
    train, test = (split(part["text"], part["label"]) for part in (rows.filter(split=s).head(2000) for s in ("train", "test")))
    fitted = TfidfLinear().fit(train, train.select([]), Task(("negative", "positive")))
    assert (fitted.predict(test.texts).labels == test.labels).mean() > 0.84

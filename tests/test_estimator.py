import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

import valence
from conftest import sentences
from valence import SentimentClassifier
from valence.errors import BadData


def lower(texts):
    return [text.lower() for text in texts]


@pytest.fixture(scope="module")
def reviews():
    texts, labels = sentences(80)
    return texts, np.array(["bad", "good"])[labels]


def test_fit_predict_and_classes_use_the_labels_as_given(reviews):
    texts, labels = reviews
    classifier = SentimentClassifier("tfidf_linear").fit(texts, labels)
    assert classifier.classes_.tolist() == ["bad", "good"]
    assert (classifier.predict(texts) == labels).mean() > 0.9
    assert classifier.predict_proba(texts).shape == (80, 2)
    assert classifier.score(texts, labels) > 0.9


def test_it_works_in_cross_validation_pipeline_and_grid_search(reviews):
    texts, labels = reviews
    assert cross_val_score(SentimentClassifier("tfidf_linear"), texts, labels, cv=3).mean() > 0.8
    pipeline = Pipeline([("lower", FunctionTransformer(lower)), ("model", SentimentClassifier("nb_svm"))]).fit(texts, labels)
    assert pipeline.score(texts, labels) > 0.8
    search = GridSearchCV(SentimentClassifier("tfidf_linear"), {"settings": [{"cost": 0.1}, {"cost": 10.0}]}, cv=2).fit(texts, labels)
    assert search.best_params_["settings"]["cost"] in {0.1, 10.0}


def test_integer_labels_come_back_as_integers(reviews):
    texts, labels = reviews
    numbers = np.where(labels == "good", 5, 1)
    assert set(SentimentClassifier("tfidf_linear").fit(texts, numbers).predict(texts).tolist()) == {1, 5}


def test_an_unfitted_one_says_so():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        SentimentClassifier().predict(["text"])


@pytest.mark.parametrize(
    ("texts", "labels", "expected"),
    [
        (["a", "b"], [1], "2 texts were given with 1 labels"),
        (["a", "b"], [1, 1], "needs two classes"),
        ("ab", [1, 0], "A single string"),
        (["a", None], [1, 0], "Text 1 is a NoneType"),
    ],
)
def test_wrong_input_is_one_line(texts, labels, expected):
    with pytest.raises(BadData, match=expected):
        SentimentClassifier("tfidf_linear").fit(texts, labels)


def test_a_run_loads_as_a_fitted_estimator(reviews_csv, tmp_path):
    record = valence.run("tfidf_linear", data=str(reviews_csv), store=tmp_path / "runs")
    classifier = valence.load(record.id, tmp_path / "runs")
    assert classifier.predict(["What a superb film; the ending is a joy."]).tolist() == ["positive"]

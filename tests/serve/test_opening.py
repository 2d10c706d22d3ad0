from types import SimpleNamespace

from valence.serve.opening import forget, open_to_serve


def test_a_run_is_opened_by_the_beginning_of_its_name(finished):
    store, record = finished
    assert open_to_serve("tfidf", store).predict(["A superb film."]).probabilities.shape == (1, len(record.labels))


def test_a_language_model_and_those_that_a_combination_asks_keep_no_answers():
    inner = SimpleNamespace(caching=True)
    outer = SimpleNamespace(members=(SimpleNamespace(classifier=inner), SimpleNamespace(classifier=SimpleNamespace())))
    forget(outer)
    assert inner.caching is False

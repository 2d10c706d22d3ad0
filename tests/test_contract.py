"""What every method and every data set promises, found by its file."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from conftest import TINY_ENCODERS, sentences, tiny_encoder
from valence.data import DATASETS
from valence.data.subsample import hold_out
from valence.methods import METHODS
from valence.types import Method, Split, Task

ODD = ("", " \n\t ", "😀🎬👍", "هذا الفيلم رائع", "a\x00b", "<br /><br />", "word " * 3000)


def small(name: str) -> Method:
    """Return the method with settings fit for 60 short sentences."""
    cls = METHODS.find(name)
    tiny = dict(getattr(inspect.getmodule(cls), "TINY", {}))
    if tiny.get("backbone") in TINY_ENCODERS:
        tiny["backbone"] = str(tiny_encoder(tiny["backbone"]))
    return cls(**tiny)


def toy(classes: int = 2, n: int = 60) -> Split:
    texts, labels = sentences(n, classes=classes)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels, dtype=np.int64))


def fitted(name: str, classes: int = 2, seed: int = 0):
    train, valid = hold_out(toy(classes), 0.2, seed=seed)
    labels = ("bad", "good", "middling")[:classes]
    return small(name).fit(train, valid, Task(labels, seed, device="cpu"))


@pytest.fixture(scope="module", params=METHODS.names)
def pair(request):
    """A method's name and its classifier, fitted once."""
    return request.param, fitted(request.param)


@pytest.mark.parametrize("name", METHODS.names)
def test_a_method_names_its_paper_and_explains_itself(name):
    cls = METHODS.find(name)
    assert cls.__doc__
    assert any(character.isdigit() for character in cls.paper), "a paper has a year or a number"
    unexplained = [k for k, field in cls.model_fields.items() if not field.description]
    assert not unexplained, f"settings without a sentence: {unexplained}"


def test_probabilities_are_finite_and_sum_to_one_even_for_odd_texts(pair):
    p = pair[1].predict((*toy().texts, *ODD)).probabilities
    assert p.shape == (60 + len(ODD), 2)
    assert p.dtype == np.float32
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


def test_no_text_gets_an_empty_answer(pair):
    assert pair[1].predict(()).probabilities.shape == (0, 2)


def test_a_reload_answers_the_same_bits_and_nothing_is_pickled(pair, tmp_path):
    name, classifier = pair
    classifier.save(tmp_path)
    again = small(name).load(tmp_path, Task(("bad", "good"), 0, device="cpu"))
    np.testing.assert_array_equal(again.predict(toy().texts).probabilities, classifier.predict(toy().texts).probabilities)
    assert again.size == classifier.size
    assert not [f.name for f in tmp_path.rglob("*") if f.suffix in {".pkl", ".pt", ".bin", ".joblib"}]


def test_neighbours_and_order_change_no_answer(pair):
    texts = toy().texts[:12]
    together = pair[1].predict((*texts, "word " * 500)).probabilities[:12]
    alone = np.concatenate([pair[1].predict((text,)).probabilities for text in texts])
    turned = pair[1].predict(texts[::-1]).probabilities[::-1]
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(turned, together, atol=1e-5)


def test_size_counts_what_was_learned(pair):
    assert 0 <= pair[1].size.trainable <= pair[1].size.total


@pytest.mark.parametrize("name", METHODS.names)
def test_three_classes_give_three_columns(name):
    assert fitted(name, classes=3).predict(toy(3).texts).probabilities.shape == (60, 3)


@pytest.mark.parametrize("name", METHODS.names)
def test_the_same_seed_gives_the_same_answers(name):
    first, second = (fitted(name, seed=7).predict(toy().texts).probabilities for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", [n for n in METHODS.names if METHODS.find(n).learns and not METHODS.find(n).constant_by_design])
def test_a_method_learns_the_training_sentences(name):
    split = toy()
    predictions = fitted(name).predict(split.texts)
    assert (predictions.labels == split.labels).mean() > 0.7


@pytest.mark.parametrize("name", DATASETS.names)
def test_a_data_set_names_its_source_and_its_topic(name):
    cls = DATASETS.find(name)
    assert cls.source
    assert cls.topic
    assert all(field.description for field in cls.model_fields.values())

"""Saving, loading, predicting."""

import numpy as np
import pytest
import torch

from valence.errors import BadData
from valence.training.classifier import NetworkClassifier, load_classifier
from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.words import WordEmbedding

TEXTS = ("What a wonderful film.", "", "Dreadful!", "the " * 50)


def build(table):
    return CnnNetwork(WordEmbedding(table), 2, filters=4, widths=(3,), dropout=0.5)


@pytest.fixture
def classifier(words, cpu):
    torch.manual_seed(0)
    return NetworkClassifier(build(torch.randn(len(words), 8)).eval(), words, max_length=20, keep="head+tail", device=cpu)


def load(folder, cpu):
    return load_classifier(folder, build, max_length=20, keep="head+tail", device=cpu)


def test_a_reload_answers_the_same_bits(classifier, tmp_path, cpu):
    classifier.save(tmp_path)
    again = load(tmp_path, cpu)
    np.testing.assert_array_equal(again.predict(TEXTS).probabilities, classifier.predict(TEXTS).probabilities)
    assert again.size == classifier.size
    assert {p.name for p in tmp_path.iterdir()} == {"model.safetensors", "vocabulary.json"}


def test_an_empty_text_gets_a_finite_answer(classifier):
    assert np.isfinite(classifier.logits(("",))).all()


def test_words_beyond_the_length_do_not_count(classifier):
    long = "fine " * 10 + "awful " * 500 + "fine " * 10
    np.testing.assert_allclose(classifier.logits((long,)), classifier.logits(("fine " * 20,)), atol=1e-6)


def test_weights_of_another_shape_are_refused(classifier, tmp_path, cpu):
    classifier.save(tmp_path)
    with pytest.raises(BadData, match="does not hold this network"):
        load_classifier(
            tmp_path,
            lambda table: CnnNetwork(WordEmbedding(table), 2, filters=5, widths=(3,), dropout=0),
            max_length=20,
            keep="head",
            device=cpu,
        )


def test_a_missing_file_is_named(classifier, tmp_path, cpu):
    classifier.save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(BadData, match=r"model\.safetensors"):
        load(tmp_path, cpu)


def test_the_device_is_told(classifier):
    assert str(classifier.device) == "cpu"

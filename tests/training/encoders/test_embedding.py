import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from conftest import TINY_ENCODERS, sentences, tiny_encoder
from valence.methods import METHODS
from valence.training.encoders.embedding import fit_linear
from valence.types import Split, Task

RNG = np.random.default_rng(0)
TASK = Task(("bad", "good"), device="cpu")


def split(n=16):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_linear_layer_is_scikit_learns_over_standardised_embeddings(classes):
    x = RNG.normal(2, 3, (60, 5)).astype(np.float32)
    y = RNG.integers(0, classes, 60)
    scaler = StandardScaler().fit(x)
    expected = LogisticRegression(C=0.3, max_iter=2000).fit(scaler.transform(x), y).predict_proba(scaler.transform(x))
    np.testing.assert_allclose(softmax(fit_linear(x, y, classes, 0.3)(x), axis=1), expected, atol=1e-4)


def test_a_label_without_texts_is_never_the_answer():
    x, y = RNG.normal(size=(20, 3)).astype(np.float32), np.array([0, 2] * 10)
    assert not (fit_linear(x, y, 3, 1.0)(x).argmax(axis=1) == 1).any()
    assert (fit_linear(x, np.full(20, 1), 3, 1.0)(x).argmax(axis=1) == 1).all()


def test_a_number_that_never_varies_divides_by_nothing():
    x, y = RNG.normal(size=(20, 3)).astype(np.float32), np.array([0, 1] * 10)
    x[:, 1] = 7
    assert np.isfinite(fit_linear(x, y, 2, 1.0)(x)).all()


@pytest.mark.parametrize("name", ["linear_probe", "setfit"])
@pytest.mark.parametrize("backbone", TINY_ENCODERS)
def test_every_architecture_can_be_embedded_and_reloaded(backbone, name, tmp_path):
    settings = {"steps": 2, "batch_texts": 4} if name == "setfit" else {}
    chosen = METHODS.find(name)(backbone=str(tiny_encoder(backbone)), max_length=32, **settings)
    classifier = chosen.fit(split(), split(8), TASK)
    classifier.save(tmp_path)
    again = chosen.load(tmp_path, TASK)
    np.testing.assert_array_equal(again.logits(split().texts), classifier.logits(split().texts))
    assert again.size == classifier.size
    assert (classifier.size.trainable == classifier.size.total) == (name == "setfit")


def test_the_probe_changes_nothing_of_the_encoder():
    import torch

    chosen = METHODS.find("linear_probe")(backbone=str(tiny_encoder("tiny-bert")), max_length=32)
    network = chosen.fit(split(), split(8), TASK).network
    untouched = chosen.wrap(chosen.find_backbone().model(TASK.labels))
    body = {n: p for n, p in untouched.named_parameters() if not n.removeprefix("model.").startswith(network.kind.head)}
    assert all(torch.equal(p, dict(network.named_parameters())[n]) for n, p in body.items())

"""The averaging network: its step against one worked out densely in float64, and what it learns."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from conftest import sentences
from valence.errors import FailedRun
from valence.methods._average import AverageNetwork
from valence.methods.mean_embedding import MeanEmbedding
from valence.types import Journal, Split, Task


def split(n: int, classes: int = 2, seed: int = 0) -> Split:
    texts, labels = sentences(n, seed, classes)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels, dtype=np.int64))


def dense_step(net: AverageNetwork, shares: np.ndarray, labels: np.ndarray, rate: float) -> tuple[float, list[np.ndarray]]:
    """Return the loss, and the weights after the first Adagrad step: w - rate * g / |g|, written out with dense gradients."""
    weights = [w.astype(np.float64) for w in (net.embeddings, net.head, net.bias)]
    hidden = shares @ weights[0]
    scores = np.exp(hidden @ weights[1] + weights[2])
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    error = probabilities - np.eye(len(net.bias))[labels]
    slopes = [shares.T @ error @ weights[1].T, hidden.T @ error, error.sum(axis=0)]
    moved = [w - rate * g / (np.abs(g) + 1e-8) for w, g in zip(weights, slopes, strict=True)]
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).sum()), moved


def test_a_step_equals_one_with_dense_gradients():
    rng = np.random.default_rng(0)
    net = AverageNetwork(7, 4, 3, rng)
    net.head += rng.normal(size=net.head.shape).astype(np.float32)
    shares, labels = rng.random((5, 7)) * (rng.random((5, 7)) < 0.5), np.array([0, 1, 2, 1, 0])
    shares[:, 6] = 0
    loss, moved = dense_step(net, shares, labels, 0.1)
    before = net.embeddings[6].copy()
    assert net.step(csr_array(shares.astype(np.float32)), labels, 0.1) == pytest.approx(loss, rel=1e-5)
    for found, expected in zip((net.embeddings, net.head, net.bias), moved, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(net.embeddings[6], before)


def test_later_steps_are_smaller_where_gradients_were_large():
    net = AverageNetwork(2, 1, 2, np.random.default_rng(0))
    net.head[:] = [[1.0, -1.0]]
    shares, labels = csr_array(np.array([[1.0, 0.0]], dtype=np.float32)), np.array([0])
    places = [float(net.embeddings[0, 0])]
    for _ in range(3):
        net.step(shares, labels, 0.1)
        places.append(float(net.embeddings[0, 0]))
    first, second, third = np.diff(places)
    assert first == pytest.approx(0.1, rel=1e-3)
    assert first > second > third > 0


def test_it_learns_sentences_it_has_not_seen():
    train, test = split(120, classes=3), split(60, classes=3, seed=1)
    found = MeanEmbedding().fit(train, train.select([]), Task(("a", "b", "c"))).predict(test.texts)
    assert (found.labels == test.labels).mean() > 0.9


def test_the_seed_decides_everything_random():
    train = split(60)
    bits = [MeanEmbedding().fit(train, train.select([]), Task(("a", "b"), seed)).predict(train.texts).probabilities for seed in (1, 1, 2)]
    np.testing.assert_array_equal(bits[0], bits[1])
    assert (bits[0] != bits[2]).any()


def test_the_training_loss_is_kept_and_falls():
    losses = []

    class Kept(Journal):
        def log(self, step: int, **values: float) -> None:
            losses.append((step, values["loss"]))

    train = split(100)
    MeanEmbedding(batch_size=25, epochs=60).fit(train, train.select([]), Task(("a", "b"), journal=Kept()))
    assert [step for step, _ in losses] == list(range(4, 244, 4))
    assert losses[-1][1] < losses[0][1] / 2


def test_a_loss_that_leaves_the_numbers_fails_the_run():
    train = split(60)
    with (
        np.errstate(all="ignore"),
        pytest.raises(FailedRun, match=r"mean_embedding: the loss is (nan|inf) in epoch \d+. Lower learning_rate"),
    ):
        MeanEmbedding(learning_rate=1e38).fit(train, train.select([]), Task(("a", "b")))

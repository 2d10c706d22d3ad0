"""Logits do not depend on the company a text keeps."""

import numpy as np
import pytest
import torch

from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.words import WordEmbedding
from valence.training.prediction import accuracy_and_loss, log_softmax, predict_logits


@pytest.fixture
def network(words):
    torch.manual_seed(0)
    return CnnNetwork(WordEmbedding(torch.randn(len(words), 8), word_dropout=0.5), 2, filters=6, widths=(3,), dropout=0.5)


def test_the_order_of_the_texts_is_kept(network, toy):
    train, _ = toy
    batch = train.batch(np.array([7]))
    alone = network.eval()(batch.tokens, batch.lengths).detach().numpy()[0]
    np.testing.assert_allclose(predict_logits(network, train)[7], alone, atol=1e-5)


@pytest.mark.parametrize("budget", [1, 30, 200, 10**6])
def test_the_batch_size_changes_no_logit(network, toy, budget):
    np.testing.assert_allclose(predict_logits(network, toy[0], budget=budget), predict_logits(network, toy[0]), atol=1e-5)


def test_dropout_is_off_and_the_mode_is_put_back(network, toy):
    network.train()
    first, second = (predict_logits(network, toy[0]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert network.training


def test_accuracy_and_loss_are_those_worked_by_hand():
    logits = np.log(np.array([[0.8, 0.2], [0.4, 0.6]], dtype=np.float32))
    accuracy, loss = accuracy_and_loss(logits, np.array([0, 0]))
    assert accuracy == 0.5
    assert loss == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2, rel=1e-6)


def test_log_softmax_bears_large_logits():
    np.testing.assert_allclose(log_softmax(np.array([[1000, 0]], dtype=np.float32)), [[0, -1000]], atol=1e-6)

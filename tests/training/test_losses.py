"""The loss of a batch."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from valence.training.examples import Batch
from valence.training.losses import CrossEntropy, balanced_weights
from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.words import WordEmbedding
from valence.training.recipe import Recipe

CPU = torch.device("cpu")


def network():
    torch.manual_seed(0)
    return CnnNetwork(WordEmbedding(torch.randn(9, 4)), 2, filters=3, widths=(2, 3), dropout=0)


def batch():
    tokens = torch.tensor([[2, 3, 4, 5], [6, 7, 0, 0]])
    return Batch(tokens, torch.tensor([4, 2]), torch.tensor([1, 0]))


def test_it_is_the_cross_entropy_summed_over_the_mean_number_of_texts():
    net, b = network(), batch()
    expected = F.cross_entropy(net(b.tokens, b.lengths), b.labels, reduction="sum") / 5
    assert CrossEntropy(Recipe(precision="float32"), 5, CPU)(net, b).item() == pytest.approx(expected.item())


def test_texts_count_the_same_in_full_and_in_small_batches():
    net, b = network(), batch()
    loss = CrossEntropy(Recipe(precision="float32"), 2, CPU)
    parts = [Batch(b.tokens[i : i + 1], b.lengths[i : i + 1], b.labels[i : i + 1]) for i in range(2)]
    assert sum(loss(net, p).item() for p in parts) == pytest.approx(loss(net, b).item(), rel=1e-5)


def test_smoothing_spreads_the_target():
    net, b = network(), batch()
    log_p = F.log_softmax(net(b.tokens, b.lengths), dim=1).detach().numpy()
    target = np.array([[0.1, 0.9], [0.9, 0.1]])
    loss = CrossEntropy(Recipe(precision="float32", label_smoothing=0.2), 2, CPU)(net, b)
    assert loss.item() == pytest.approx(-(target * log_p).sum() / 2, rel=1e-5)


def test_an_adversarial_step_makes_the_loss_larger_and_trains_every_weight():
    net, b = network(), batch()
    plain = CrossEntropy(Recipe(precision="float32"), 2, CPU)(net, b)
    shifted = CrossEntropy(Recipe(precision="float32", adversarial=0.5), 2, CPU)(net, b)
    assert shifted > plain
    shifted.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_balanced_weights_let_every_label_count_the_same():
    labels = torch.tensor([0, 0, 0, 1])
    weights = balanced_weights(labels, 2)
    assert weights.tolist() == pytest.approx([4 / 6, 2.0])
    assert (weights[labels].sum()).item() == pytest.approx(4)
    assert balanced_weights(labels, 3).tolist() == pytest.approx([4 / 6, 2.0, 0.0]), "a label without texts has none"


def test_class_weights_weigh_each_text():
    net, b = network(), batch()
    weights = torch.tensor([0.5, 3.0])
    each = F.cross_entropy(net(b.tokens, b.lengths), b.labels, reduction="none")
    expected = (3.0 * each[0] + 0.5 * each[1]) / 2
    assert CrossEntropy(Recipe(precision="float32"), 2, CPU, weights)(net, b).item() == pytest.approx(expected.item(), rel=1e-6)

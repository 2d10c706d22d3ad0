"""The encoder: padding, positions, neighbours."""

import pytest
import torch

from valence.training.networks.encoder import Encoder, EncoderNetwork, NeighbourMix, rotate, rotation
from valence.training.networks.words import WordEmbedding


@pytest.fixture
def network():
    torch.manual_seed(0)
    net = EncoderNetwork(WordEmbedding(torch.randn(12, 5)), 2, width=8, heads=2, layers=2, inner_dropout=0.3, dropout=0.3).eval()
    for block in net.encoder.blocks:
        torch.nn.init.normal_(block.mix.weight)
    return net


def test_padding_and_neighbours_change_no_logit(network):
    alone = network(torch.tensor([[2, 3, 4]]), torch.tensor([3]))
    together = network(torch.tensor([[2, 3, 4, 0, 0, 0], [5, 6, 7, 8, 9, 10]]), torch.tensor([3, 6]))
    torch.testing.assert_close(alone[0], together[0], atol=1e-5, rtol=0)


def test_a_mask_of_true_is_no_mask():
    torch.manual_seed(0)
    encoder = Encoder(5, width=8, heads=2, layers=2, dropout=0.0)
    vectors = torch.randn(2, 4, 5)
    torch.testing.assert_close(encoder(vectors), encoder(vectors, torch.ones(2, 4, dtype=torch.bool)))


def test_products_of_turned_vectors_depend_on_the_distance_alone():
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 8)
    turn = rotation(9, 8, torch.device("cpu"))
    q, k = (rotate(v.expand(1, 1, 9, 8), turn)[0, 0] for v in (query, key))
    products = q @ k.t()
    torch.testing.assert_close(products[:-1, :-1], products[1:, 1:])
    torch.testing.assert_close(products[0, 0], (query * key).sum())


def test_the_order_of_words_changes_the_logits(network):
    assert not torch.allclose(network(torch.tensor([[2, 3, 4]]), torch.tensor([3])), network(torch.tensor([[4, 3, 2]]), torch.tensor([3])))


def test_a_new_mix_does_nothing_and_a_trained_one_adds_weighted_neighbours():
    mix = NeighbourMix(2)
    states = torch.arange(6.0).view(1, 3, 2)
    assert torch.equal(mix(states), states)
    with torch.no_grad():
        mix.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 10.0]]))
    # feature 0 gets the word before it, feature 1 ten times the word behind it
    assert mix(states)[0].tolist() == [[0, 31], [2, 53], [6, 5]]

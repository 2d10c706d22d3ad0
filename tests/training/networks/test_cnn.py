"""The convolution against torch's own, and what lies behind a text."""

import pytest
import torch
from torch.nn import functional as F

from valence.training.networks.cnn import CnnNetwork, WordConvolution
from valence.training.networks.words import WordEmbedding


@pytest.mark.parametrize("widths", [(1,), (2,), (3,), (2, 3, 4, 5)])
def test_the_convolution_is_torch_s_own(widths):
    torch.manual_seed(0)
    layer = WordConvolution(5, 4, widths).double()
    vectors = torch.randn(3, 9, 5, dtype=torch.float64)
    for width, own, answer in zip(widths, layer.filters, layer.answers(vectors), strict=True):
        expected = F.conv1d(vectors.transpose(1, 2), own.weight[:, :, 0], own.bias, padding=width // 2)[..., :9]
        torch.testing.assert_close(answer.transpose(1, 2), expected)


@pytest.mark.parametrize("widths", [(1,), (2,), (3, 4, 5), (2, 5)])
def test_one_product_for_all_widths_is_the_convolutions(widths):
    torch.manual_seed(0)
    layer = WordConvolution(5, 4, widths).double()
    found = []
    for way in (layer._convolve, layer._multiply):
        layer.zero_grad()
        row = torch.randn(30, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64).requires_grad_()
        answers = torch.cat(way(row), dim=1)
        answers.square().sum().backward()
        found.append([answers, row.grad, *(p.grad for p in layer.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_every_width_gets_its_filters():
    layer = WordConvolution(5, 4, (2, 3))
    assert layer(torch.randn(2, 7, 5)).shape == (2, 7, layer.features) == (2, 7, 8)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return CnnNetwork(WordEmbedding(torch.randn(30, 6)), 2, filters=5, widths=(3, 4, 5), dropout=0.5).eval()


def test_it_is_kim_s_network_worked_step_by_step(network):
    tokens = torch.tensor([[4, 9, 2, 7, 5, 3]])
    columns = network.embedding.table.weight[tokens].transpose(1, 2)
    best = []
    for width, own in zip((3, 4, 5), network.convolution.filters, strict=True):
        answer = F.conv1d(columns, own.weight[:, :, 0], own.bias, padding=width // 2)[..., :6]
        best.append(answer.relu().amax(dim=2))
    torch.testing.assert_close(network(tokens, torch.tensor([6])), network.head(torch.cat(best, dim=1)))


def test_the_mean_answer_stands_beside_the_strongest():
    torch.manual_seed(0)
    network = CnnNetwork(WordEmbedding(torch.randn(30, 6)), 2, filters=5, widths=(3, 4), dropout=0, beside="mean").eval()
    tokens = torch.tensor([[4, 9, 2, 7], [5, 3, 0, 0]])
    features = network.read(network.embed(tokens), tokens != 0, torch.tensor([4, 2]))
    answers = network.convolution(network.embed(tokens))
    assert features.shape == (2, 20)
    torch.testing.assert_close(features[:, 10:], torch.stack([answers[0].mean(dim=0), answers[1, :2].mean(dim=0)]))


def test_the_sum_over_the_root_of_the_length_stands_beside_the_strongest():
    torch.manual_seed(0)
    network = CnnNetwork(WordEmbedding(torch.randn(30, 6)), 2, filters=5, widths=(3,), dropout=0, beside="sum").eval()
    tokens = torch.tensor([[4, 9, 2, 7], [5, 3, 0, 0]])
    features = network.read(network.embed(tokens), tokens != 0, torch.tensor([4, 2]))
    answers = network.convolution(network.embed(tokens))
    torch.testing.assert_close(features[:, 5:], torch.stack([answers[0].sum(dim=0) / 2, answers[1, :2].sum(dim=0) / 2**0.5]))


def test_word_order_matters_within_a_window(network):
    forward, backward = torch.tensor([[4, 9, 2, 7, 5, 3]]), torch.tensor([[3, 5, 7, 2, 9, 4]])
    lengths = torch.tensor([6])
    assert not torch.allclose(network(forward, lengths), network(backward, lengths), atol=1e-4)

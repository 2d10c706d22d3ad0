"""Padding, neighbours and batch size change no logit, of any network."""

import pytest
import torch

from valence.methods import METHODS
from valence.methods._networks import Network
from valence.training.examples import Batch
from valence.training.losses import CrossEntropy
from valence.training.networks.words import WordEmbedding
from valence.training.recipe import Recipe

NAMES = [name for name in METHODS.names if issubclass(METHODS.find(name), Network)]


@pytest.fixture(params=NAMES)
def network(request):
    torch.manual_seed(0)
    cls = METHODS.find(request.param)
    tiny = vars(__import__(cls.__module__, fromlist=["TINY"]))["TINY"]
    embedding = WordEmbedding(torch.randn(40, 16), word_dropout=0.5, dropout=0.5)
    return cls(**tiny).build(embedding, 3).eval()


def texts():
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(1, 40, (n,), generator=generator) for n in (1, 2, 9, 17, 30)]


def pad(rows, extra=0):
    lengths = torch.tensor([len(r) for r in rows])
    tokens = torch.zeros(len(rows), int(lengths.max()) + extra, dtype=torch.int64)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = row
    return tokens, lengths


def test_extra_padding_changes_no_logit(network):
    torch.testing.assert_close(network(*pad(texts(), extra=13)), network(*pad(texts())), atol=1e-5, rtol=0)


def test_neighbours_and_batch_size_change_no_logit(network):
    together = network(*pad(texts()))
    alone = torch.cat([network(*pad([row])) for row in texts()])
    pairs = torch.cat([network(*pad(texts()[i : i + 2])) for i in (0, 2, 4)])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)
    torch.testing.assert_close(pairs, together, atol=1e-5, rtol=0)


def test_every_batch_dimension_stays(network):
    assert network(*pad(texts()[:1])).shape == (1, 3)
    assert network(*pad(texts())).shape == (5, 3)


def test_dropout_is_off_at_prediction_and_on_in_training(network):
    batch = pad(texts())
    assert torch.equal(network(*batch), network(*batch))
    network.train()
    assert not torch.equal(network(*batch), network(*batch))


def test_padding_and_unknown_words_differ(network):
    assert not torch.allclose(network(*pad([torch.tensor([1, 1, 5])])), network(*pad([torch.tensor([5])])), atol=1e-4)


def test_every_weight_is_trained(network):
    network.train()
    network(*pad(texts())).square().sum().backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


def test_an_adversarial_step_trains_every_weight(network):
    tokens, lengths = pad(texts())
    batch = Batch(tokens, lengths, torch.tensor([0, 1, 2, 0, 1]))
    CrossEntropy(Recipe(adversarial=1.0), 5, torch.device("cpu"))(network.train(), batch).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())

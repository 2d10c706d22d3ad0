"""Readers of one direction each, over texts of any padding."""

import pytest
import torch

from valence.training.networks.directed_lstm import DirectedLstm, DirectedLstmNetwork, reverse
from valence.training.networks.words import WordEmbedding


@pytest.fixture
def network():
    torch.manual_seed(0)
    embedding = WordEmbedding(torch.randn(12, 5))
    return DirectedLstmNetwork(embedding, 2, hidden=6, layers=2, directions=2, dropout=0.3).eval()


def test_a_text_is_turned_around_within_its_length():
    vectors = torch.arange(8.0).view(2, 4, 1)
    turned = reverse(vectors, torch.tensor([4, 2]))
    assert turned.squeeze(-1).tolist() == [[3, 2, 1, 0], [5, 4, 6, 7]]


def test_padding_and_neighbours_change_no_logit(network):
    alone = network(torch.tensor([[2, 3, 4]]), torch.tensor([3]))
    together = network(torch.tensor([[2, 3, 4, 0, 0, 0], [5, 6, 7, 8, 9, 10]]), torch.tensor([3, 6]))
    torch.testing.assert_close(alone[0], together[0], atol=1e-6, rtol=0)


def test_the_order_of_words_changes_the_logits(network):
    assert not torch.allclose(network(torch.tensor([[2, 3, 4]]), torch.tensor([3])), network(torch.tensor([[4, 3, 2]]), torch.tensor([3])))


def test_the_reader_from_the_right_reads_the_last_word_first(network):
    """Its state behind a text's first word, the end of its reading, is the reader's state after all words turned around."""
    tokens = torch.tensor([[2, 3, 4]])
    vectors = network.embed(tokens)
    features = network.read(vectors, tokens != 0, torch.tensor([3]))
    reader = network.readers[1]
    start = network.embedding.table.weight[-1].view(1, 1, -1)
    states, _ = reader.read(torch.cat([start, vectors.flip(1)], dim=1).transpose(0, 1), reader.start(1, torch.device("cpu")))
    torch.testing.assert_close(features[:, 18:24], states[-1])


def test_a_reader_computes_what_torch_computes():
    torch.manual_seed(0)
    reader = DirectedLstm(3, 4, 2, 0.0)
    vectors = torch.randn(5, 2, 3)
    torch.testing.assert_close(reader.read(vectors, reader.start(2, vectors.device))[0], reader(vectors)[0])

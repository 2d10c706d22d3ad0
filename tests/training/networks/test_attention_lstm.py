"""What a text is shown to rest on."""

import torch

from valence.training.networks.attention_lstm import AttentionLstmNetwork
from valence.training.networks.recurrent import RecurrentReader
from valence.training.networks.words import WordEmbedding

TOKENS = torch.tensor([[4, 5, 6, 7], [8, 9, 0, 0]])
LENGTHS = torch.tensor([4, 2])


def network():
    torch.manual_seed(0)
    return AttentionLstmNetwork(WordEmbedding(torch.randn(12, 5)), RecurrentReader("lstm", 5, 3), 2, attention=4, dropout=0.5).eval()


def test_the_weights_of_a_text_s_own_words_sum_to_one():
    weights = network().weights(TOKENS, LENGTHS)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))
    assert weights[1, 2:].tolist() == [0, 0]
    assert (weights[TOKENS != 0] > 0).all()


def test_the_logits_rest_on_the_weighted_sum_of_the_states():
    # the seed weighted the states and never summed them
    net = network()
    states = net.reader(net.embed(TOKENS), LENGTHS)
    summed = (net.weights(TOKENS, LENGTHS)[..., None] * states).sum(dim=1)
    torch.testing.assert_close(net(TOKENS, LENGTHS), net.head(summed))

"""Filters first, then time."""

import torch

from valence.training.networks.cnn import WordConvolution
from valence.training.networks.cnnlstm import CnnLstmNetwork, pool_windows
from valence.training.networks.recurrent import RecurrentReader
from valence.training.networks.words import WordEmbedding


def test_each_window_keeps_its_largest_value_and_padding_has_none():
    states = torch.tensor([[[1.0], [5.0], [2.0], [9.0], [9.0]], [[3.0], [4.0], [6.0], [1.0], [7.0]]])
    inside = torch.tensor([[True, True, True, False, False], [True] * 5])
    pooled, windows = pool_windows(states, inside, 2)
    assert pooled[..., 0].tolist() == [[5, 2, 0], [4, 6, 7]]
    assert windows.tolist() == [[True, True, False], [True, True, True]]


def test_the_reader_runs_over_windows_in_time_order():
    torch.manual_seed(0)
    convolution = WordConvolution(5, 6, (2,))
    reader = RecurrentReader("lstm", 6, 3)
    network = CnnLstmNetwork(WordEmbedding(torch.randn(12, 5)), convolution, reader, 2, window=2, dropout=0).eval()
    seen = []
    reader.register_forward_pre_hook(lambda module, inputs: seen.append(inputs))
    network(torch.tensor([[4, 5, 6, 7, 8], [9, 3, 2, 0, 0]]), torch.tensor([5, 3]))
    vectors, lengths = seen[0]
    assert vectors.shape == (2, 3, 6), "texts, windows in time order, filters"
    assert lengths.tolist() == [3, 2]

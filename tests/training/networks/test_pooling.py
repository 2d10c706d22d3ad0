"""Pooling over a text's own words."""

import pytest
import torch

from valence.training.networks.pooling import Attention, max_over_time, mean_over_time, sum_over_root

STATES = torch.tensor([[[1.0, -5.0], [3.0, -2.0], [9.0, 9.0]], [[-1.0, -2.0], [7.0, 7.0], [7.0, 7.0]]])
INSIDE = torch.tensor([[True, True, False], [True, False, False]])


def test_the_largest_value_is_taken_from_a_text_s_own_words():
    assert max_over_time(STATES, INSIDE).tolist() == [[3, -2], [-1, -2]]


def test_the_mean_is_over_a_text_s_own_words():
    assert mean_over_time(STATES, INSIDE).tolist() == [[2, -3.5], [-1, -2]]


def test_the_sum_over_the_root_is_of_a_text_s_own_words():
    torch.testing.assert_close(sum_over_root(STATES, INSIDE), torch.tensor([[4, -7], [-1, -2]]) / torch.tensor([[2.0], [1.0]]).sqrt())


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return Attention(2, 4)


def test_attention_weights_sum_to_one_over_a_text_s_own_words(attention):
    weights = attention.weights(STATES, INSIDE)
    assert weights[~INSIDE].abs().sum() == 0
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))


def test_attention_weights_do_not_depend_on_the_neighbours(attention):
    # the seed's softmax ran over the batch
    torch.testing.assert_close(attention.weights(STATES[:1], INSIDE[:1]), attention.weights(STATES, INSIDE)[:1])


def test_attention_is_the_weighted_sum_over_time(attention):
    weights = attention.weights(STATES, INSIDE)
    expected = sum(weights[:, t, None] * STATES[:, t] for t in range(3))
    torch.testing.assert_close(attention(STATES, INSIDE), expected)

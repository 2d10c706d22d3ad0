import numpy as np
import pytest
import torch

from valence.training.encoders.pairs import Tuning, balanced_batches, pair_loss
from valence.training.recipe import Recipe


def test_the_loss_of_three_texts_worked_by_hand():
    # cosines: (0, 1) 0, (0, 2) 1 / sqrt 2, (1, 2) 1 / sqrt 2; texts 0 and 2 share a label
    embeddings = torch.tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0]])
    expected = (0 + (1 - 0.5**0.5) ** 2 + 0.5) / 3
    assert pair_loss(embeddings, torch.tensor([1, 0, 1])).item() == pytest.approx(expected)


def test_texts_of_one_label_in_one_place_and_others_at_right_angles_cost_nothing():
    embeddings = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 5.0]])
    assert pair_loss(embeddings, torch.tensor([0, 0, 1])).item() == pytest.approx(0, abs=1e-7)


def test_every_step_holds_as_many_texts_of_each_label_and_no_text_twice():
    labels = np.array([0] * 30 + [1] * 6)
    batches = balanced_batches(labels, Tuning(10, 8, Recipe()), seed=3)
    assert len(batches) == 10
    for rows in batches:
        assert np.bincount(labels[rows]).tolist() == [4, 4]
    common = np.concatenate(batches)[labels[np.concatenate(batches)] == 0]
    assert len(set(common[:30].tolist())) == 30, "all once before any comes again"


def test_a_label_with_a_single_text_is_in_every_step():
    labels = np.array([0, 0, 0, 1])
    for rows in balanced_batches(labels, Tuning(5, 16, Recipe()), seed=0):
        assert (labels[rows] == 1).sum() == 1
        assert len(rows) == 4


def test_the_order_follows_from_the_seed():
    labels = np.array([0, 1] * 20)
    first, again, other = (np.concatenate(balanced_batches(labels, Tuning(4, 8, Recipe()), seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()

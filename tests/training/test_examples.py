"""Batches gathered on the device."""

import numpy as np

from valence.text.vocabulary import PAD, Tokens
from valence.training.examples import Examples


def test_a_batch_is_padded_behind_to_its_longest_text(cpu):
    tokens = Tokens(np.array([5, 6, 7, 8, 9, 4], dtype=np.int32), np.array([0, 3, 5, 6]))
    batch = Examples(tokens, np.array([1, 0, 1]), cpu).batch(np.array([2, 1]))
    assert batch.tokens.tolist() == [[4, PAD], [8, 9]]
    assert batch.lengths.tolist() == [1, 2]
    assert batch.labels.tolist() == [1, 0]


def test_a_batch_of_one_keeps_both_dimensions(cpu):
    tokens = Tokens(np.array([5], dtype=np.int32), np.array([0, 1]))
    assert Examples(tokens, None, cpu).batch(np.array([0])).tokens.shape == (1, 1)


def test_labels_are_unknown_when_none_are_given(cpu):
    examples = Examples(Tokens(np.array([5, 6], dtype=np.int32), np.array([0, 1, 2])), None, cpu)
    assert examples.labels.tolist() == [-1, -1]
    assert len(examples) == 2

"""Word vectors and their dropout."""

import numpy as np
import pytest
import torch

from valence.errors import BadSetting
from valence.text.vocabulary import PAD
from valence.text.word_vectors import WordVectors
from valence.training.networks.words import START_SCALE, WordEmbedding, start_vectors

WORDS = ("[PAD]", "[UNK]", "film", "plot")
VECTORS = WordVectors(("plot", "film"), np.array([[3.0, 0.0], [0.0, 4.0]], dtype=np.float32))


def test_padding_is_zero_before_and_after_a_step():
    embedding = WordEmbedding(torch.ones(4, 3))
    optimizer = torch.optim.AdamW(embedding.parameters(), lr=0.1, weight_decay=0.1)
    embedding(torch.tensor([[2, PAD]])).sum().backward()
    optimizer.step()
    assert embedding.table.weight[PAD].abs().sum() == 0
    assert (embedding.table.weight[2] != 1).all()


def test_word_dropout_hides_whole_words_in_training_only():
    torch.manual_seed(0)
    embedding = WordEmbedding(torch.ones(4, 3), word_dropout=0.5)
    tokens = torch.full((50, 40), 2)
    seen = embedding(tokens)
    assert 0.45 < (seen == 0).all(dim=2).float().mean() < 0.55
    assert torch.equal((seen == 0).all(dim=2), (seen == 0).any(dim=2))
    assert (embedding.eval()(tokens) == 1).all()


def test_pretrained_numbers_come_first_at_the_size_of_random_ones():
    torch.manual_seed(0)
    table = start_vectors(WORDS, 3, VECTORS)
    scale = START_SCALE / np.std([[0.0, 4.0], [3.0, 0.0]])
    torch.testing.assert_close(table[2, :2], torch.tensor([0.0, 4 * scale]).float())
    torch.testing.assert_close(table[3, :2], torch.tensor([3 * scale, 0.0]).float())
    assert (table[1] != 0).all()
    assert (table[2:, 2] != 0).all()


def test_vectors_longer_than_the_dimension_are_refused():
    with pytest.raises(BadSetting, match="2 numbers, --dimension is 1"):
        start_vectors(WORDS, 1, VECTORS)

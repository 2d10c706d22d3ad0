"""Texts laid end to end."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from valence.text.vocabulary import Tokens
from valence.training.streams import Texts

CPU = torch.device("cpu")
SEP = 9
TEXTS = [[2, 3, 4], [5], [6, 7, 8, 2]]


@pytest.fixture
def texts():
    lengths = [len(t) for t in TEXTS]
    return Texts(Tokens(np.array([word for text in TEXTS for word in text], np.int32), np.concatenate([[0], np.cumsum(lengths)])), SEP, CPU)


@pytest.mark.parametrize("epoch", range(4))
def test_every_text_is_there_once_and_whole_between_separators(texts, epoch):
    stream = texts.stream(0, epoch).tolist()
    assert len(stream) == texts.words == 8 + 4
    assert stream[0] == stream[-1] == SEP
    places = [i for i, word in enumerate(stream) if word == SEP]
    between = [stream[a + 1 : b] for a, b in pairwise(places)]
    assert sorted(between) == sorted(TEXTS)


def test_the_order_follows_from_seed_and_epoch(texts):
    assert torch.equal(texts.stream(1, 3), texts.stream(1, 3))
    assert len({tuple(texts.stream(0, e).tolist()) for e in range(20)}) > 1


def test_shares_count_words_and_separators(texts):
    shares = texts.shares(10)
    assert shares.sum().item() == pytest.approx(1)
    assert shares[2].item() == pytest.approx(2 / 12)
    assert shares[SEP].item() == pytest.approx(4 / 12)

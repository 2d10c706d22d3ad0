"""Which words are hidden, drawn and to be found."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from valence.text.vocabulary import Tokens
from valence.training.networks.replaced_words import DETECTION_WEIGHT, Detector, ReplacedWords
from valence.training.networks.words import WordEmbedding
from valence.training.streams import Texts

CPU = torch.device("cpu")
WORDS, SEP = 12, 11


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Detector(WordEmbedding(torch.randn(WORDS, 5)), width=8, heads=2, layers=1)


@pytest.fixture
def texts():
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 9, 12)
    return Texts(Tokens(rng.integers(2, SEP, lengths.sum()).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)])), SEP, CPU)


def task(texts, net, **changes):
    return ReplacedWords(net, texts, **{"rows": 4, "window": 10, "epochs": 2, "seed": 0, "hidden": 0.2, "full": True, **changes})


@pytest.mark.parametrize("full", [True, False])
def test_only_gaps_are_filled_and_never_with_padding(net, texts, full):
    words = torch.randint(2, SEP, (30, 10))
    gaps = torch.rand(30, 10).topk(3, dim=1).indices
    loss, filled = net.fill(words, gaps, None if full else texts.shares(WORDS))
    kept = torch.ones_like(words).scatter(1, gaps, 0).bool()
    assert torch.equal(filled[kept], words[kept])
    assert (filled > 0).all()
    assert not torch.equal(filled, words)
    assert loss.isfinite()


def test_the_loss_asks_for_the_words_that_changed_and_no_others(net, texts, monkeypatch):
    pretraining = task(texts, net)
    seen = {}

    def fill(words, gaps, shares):
        seen["same"], seen["other"] = gaps[:, 0], gaps[:, 1]
        replaced = words.clone().scatter_(1, gaps[:, 1:], (words.gather(1, gaps[:, 1:]) - 1) % 9 + 2)
        return torch.zeros(()), replaced

    def find(words):
        seen["logits"] = torch.randn(words.shape)
        return seen["logits"]

    monkeypatch.setattr(net, "fill", fill)
    monkeypatch.setattr(net, "find", find)
    loss = pretraining.loss(0)
    # a gap that was filled with its own word counts as untouched (section 2 of the paper)
    wrong = torch.zeros(4, 10)
    wrong[torch.arange(4), seen["other"]] = 1
    torch.testing.assert_close(loss, DETECTION_WEIGHT * F.binary_cross_entropy_with_logits(seen["logits"], wrong))

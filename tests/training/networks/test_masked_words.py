"""Which words are hidden, and what their guesses may see."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from valence.text.vocabulary import Tokens
from valence.training.networks.masked_words import MaskedWords, Masker
from valence.training.networks.words import WordEmbedding
from valence.training.streams import Texts

CPU = torch.device("cpu")
WORDS, SEP = 12, 11


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Masker(WordEmbedding(torch.randn(WORDS, 5)), width=8, heads=2, layers=1)


@pytest.fixture
def texts():
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 9, 12)
    return Texts(Tokens(rng.integers(2, SEP, lengths.sum()).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)])), SEP, CPU)


def task(texts, net, **changes):
    return MaskedWords(net, texts, **{"rows": 4, "window": 10, "epochs": 2, "seed": 0, "hidden": 0.2, "full": True, **changes})


def test_a_guess_does_not_see_the_hidden_word(net):
    words = torch.randint(2, SEP, (1, 10))
    losses = []
    for word in range(1, WORDS):
        words[0, 4] = word
        losses.append(net.loss(words, torch.tensor([[4]])))
    # the same distribution every time: the probabilities of all words but padding sum to one
    assert torch.stack(losses).neg().exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_a_guess_sees_both_sides(net):
    words = torch.randint(2, SEP, (1, 10))
    losses = {net.loss(words, torch.tensor([[4]])).item()}
    for place in (0, 9):
        other = words.clone()
        other[0, place] = (words[0, place] - 1) % 9 + 2
        losses.add(net.loss(other, torch.tensor([[4]])).item())
    assert len(losses) == 3


def test_separators_are_not_hidden_and_as_many_words_are_as_asked_for(net, texts):
    pretraining = task(texts, net)
    words = pretraining.words(0)
    gaps = pretraining.choose(words)
    assert gaps.shape == (4, 2)
    assert (gaps[:, 0] != gaps[:, 1]).all()
    assert (words.gather(1, gaps) != SEP).all()


def test_the_windows_of_an_epoch_are_its_stream(net, texts):
    pretraining = task(texts, net)
    read = torch.cat([pretraining.words(step).flatten() for step in range(pretraining.steps // 2)])
    assert torch.equal(read, texts.stream(0, 0)[: len(read)].long())


def test_among_the_present_words_the_loss_is_that_of_a_corrected_softmax(net, texts):
    words, gaps = torch.tensor([[2, 3, 4, 5, 3]]), torch.tensor([[1, 2]])
    states = net.encoder(net.embedding(torch.tensor([[2, 0, 0, 5, 3]])))[0, 1:3]
    shares = torch.full((WORDS,), 1 / 12)
    # two draws miss a word of share 1/12 with probability (11/12)^2
    logits = F.linear(net.guess.project(states), net.embedding.table.weight[3:5], net.guess.bias[3:5]) - np.log(1 - (11 / 12) ** 2)
    expected = (logits.exp().sum(1).log() - logits.diagonal() - np.log(1 - (11 / 12) ** 2)).mean()
    torch.testing.assert_close(net.loss(words, gaps, shares), expected)


@pytest.mark.parametrize("full", [True, False])
def test_it_learns_a_language_of_one_sentence(full):
    torch.manual_seed(0)
    net = Masker(WordEmbedding(torch.randn(8, 8)), width=16, heads=2, layers=1)
    words = Texts(Tokens(np.tile([2, 3, 4, 5, 6], 30).astype(np.int32), np.arange(31) * 5), 7, CPU)
    pretraining = task(words, net, epochs=60, full=full)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
    losses = []
    for step in range(200):
        loss = pretraining.loss(step)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert np.mean(losses[-20:]) < 0.2 * losses[0]

"""Next-word prediction: what a reader may see, what is its target, and that the state is carried on."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from valence.text.vocabulary import Tokens
from valence.training.networks.language_model import LanguageModel, NextWords
from valence.training.networks.words import WordEmbedding
from valence.training.streams import Texts

CPU = torch.device("cpu")
WORDS, SEP = 12, 11


def model(directions=2, layers=2):
    torch.manual_seed(0)
    return LanguageModel(WordEmbedding(torch.randn(WORDS, 5)), hidden=6, layers=layers, directions=directions, dropout=0.0)


def starts(net, batch):
    return [reader.start(batch, CPU) for reader in net.readers]


@pytest.fixture
def texts():
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 9, 12)
    return Texts(Tokens(rng.integers(2, SEP, lengths.sum()).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)])), SEP, CPU)


def task(texts, net, **changes):
    return NextWords(net, texts, **{"rows": 3, "window": 4, "epochs": 2, "seed": 0, "full": True, **changes})


@pytest.mark.parametrize("changed", range(6))
def test_a_prediction_depends_on_no_later_word(changed):
    net = model()
    words = torch.randint(2, WORDS, (2, 6, 3))
    other = words.clone()
    other[:, changed] = (words[:, changed] - 1) % (WORDS - 2) + 2
    before, after = (net.read(w, starts(net, 3))[0] for w in (words, other))
    assert torch.equal(before[:, :changed], after[:, :changed])
    assert not torch.allclose(before[:, changed], after[:, changed])


def test_the_two_readers_do_not_see_each_other():
    net = model()
    words = torch.randint(2, WORDS, (2, 6, 3))
    other = words.clone()
    other[1] = torch.randint(2, WORDS, (6, 3))
    assert torch.equal(net.read(words, starts(net, 3))[0][0], net.read(other, starts(net, 3))[0][0])


def test_the_target_is_the_next_word_of_the_stream_and_of_the_stream_turned_around(texts):
    pretraining = task(texts, model())
    pretraining._lay_out(0)
    stream = texts.stream(0, 0)
    length = (len(stream) - 1) // 3
    for direction, ordered in enumerate([stream, stream.flip(0)]):
        for row in range(3):
            assert torch.equal(pretraining._inputs[direction, :, row], ordered[row * length : (row + 1) * length])
            assert torch.equal(pretraining._targets[direction, :, row], ordered[row * length + 1 : (row + 1) * length + 1])


def test_windows_with_a_carried_state_predict_what_one_long_window_predicts(texts):
    net = model()
    short = task(texts, net, window=4)
    losses = torch.stack([short.loss(step) for step in range(4)])
    whole = task(texts, net, window=16)
    torch.testing.assert_close(losses.mean(), whole.loss(0))


def test_the_loss_is_the_cross_entropy_over_all_words_but_padding():
    net = model(directions=1)
    expected, targets = torch.randn(4, 5), torch.tensor([1, 5, 11, 3])
    logits = F.linear(expected, net.embedding.table.weight, net.bias)[:, 1:]
    torch.testing.assert_close(net.loss(expected, targets), F.cross_entropy(logits, targets - 1))


def test_the_row_of_padding_stays_zero_under_training(texts):
    net = model()
    pretraining = task(texts, net)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1, weight_decay=0)
    for step in range(3):
        pretraining.loss(step).backward()
        optimizer.step()
    assert not net.embedding.table.weight[0].any()


@pytest.mark.parametrize("full", [True, False])
def test_it_learns_to_predict_a_language_of_one_sentence(full):
    words = Texts(Tokens(np.tile([2, 3, 4, 5, 6], 30).astype(np.int32), np.arange(31) * 5), SEP, CPU)
    net = model(layers=1)
    pretraining = task(words, net, epochs=40, full=full)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.03)
    losses = []
    for step in range(200):
        loss = pretraining.loss(step)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.05 < losses[0]

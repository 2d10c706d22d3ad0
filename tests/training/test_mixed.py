"""The mixed objective, term by term."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from valence.text.vocabulary import Tokens
from valence.training.examples import Batch, Examples
from valence.training.mixed import Companions, MixedObjective, adversarial_shift, divergence, entropy
from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.directed_lstm import DirectedLstmNetwork
from valence.training.networks.words import WordEmbedding
from valence.training.semi_supervised import SemiSupervised

CPU = torch.device("cpu")
OFF = {"adversarial": 0.0, "adversarial_weight": 0.0, "virtual_weight": 0.0, "entropy_weight": 0.0}


def network(labels=2, dropout=0.0):
    torch.manual_seed(0)
    return DirectedLstmNetwork(WordEmbedding(torch.randn(12, 4)), labels, hidden=5, layers=1, directions=2, dropout=dropout)


def batch(labels=(1, 0, -1)):
    tokens = torch.tensor([[2, 3, 4, 5], [6, 7, 0, 0], [8, 9, 10, 0]])
    return Batch(tokens, torch.tensor([4, 2, 3]), torch.tensor(labels))


def course(step=0, texts_per_step=2.0):
    return SimpleNamespace(plan=SimpleNamespace(texts_per_step=texts_per_step), facts=SimpleNamespace(step=step))


def others(lengths):
    lengths = np.asarray(lengths)
    ids = np.concatenate([np.full(n, 2 + i % 8) for i, n in enumerate(lengths)]).astype(np.int32)
    return Examples(Tokens(ids, np.concatenate([[0], np.cumsum(lengths)])), None, CPU)


def loss(net, b, companions=None, **settings):
    return MixedObjective(SemiSupervised(**{**OFF, **settings}), course(), companions, CPU)(net, b)


def answers(net, b, shift=0.0):
    return net.classify(net.embed(b.tokens) + shift, b.tokens, b.lengths)


def test_without_the_other_terms_it_is_the_cross_entropy_of_the_labelled_texts():
    net, b = network(), batch()
    expected = F.cross_entropy(answers(net, b)[:2], b.labels[:2])
    torch.testing.assert_close(loss(net, b), expected)


def test_entropy_is_counted_in_nats_and_over_all_texts():
    # a coin that is fair has ln 2, one that shows a side 9 times of 10 has .3251
    assert entropy(torch.tensor([[0.0, 0.0], [np.log(9), 0.0]])).item() == pytest.approx(np.log(2) + 0.3251, abs=1e-4)
    net, b = network(), batch((1, 0, 1))
    difference = loss(net, b, entropy_weight=0.5) - loss(net, b)
    torch.testing.assert_close(difference, 0.5 * entropy(answers(net, b)) / 2)


def test_the_divergence_is_zero_for_equal_answers_and_positive_otherwise():
    first, second = torch.randn(2, 5, 3)
    assert divergence(first, first).item() == pytest.approx(0, abs=1e-6)
    p, q = first.softmax(1), second.softmax(1)
    torch.testing.assert_close(divergence(first, second), (p * (p / q).log()).sum())


def test_the_shift_of_each_text_has_the_asked_length_in_units_of_its_words():
    net, b = network(), batch()
    vectors = net.embed(b.tokens)
    shift = adversarial_shift(net.classify(vectors, b.tokens, b.lengths), b, vectors, 0.3)
    norms = vectors.norm(dim=2)
    mean = torch.stack([norms[i, :n].mean() for i, n in enumerate(b.lengths.tolist())])
    torch.testing.assert_close(shift.flatten(1).norm(dim=1), 0.3 * mean)
    assert not shift[b.tokens == 0].any()


@pytest.mark.parametrize("confidence", [1.0, 100.0])
def test_the_shift_lowers_the_probability_of_the_label_however_sure_the_answer(confidence):
    net, b = network(), batch((1, 0, 1))
    with torch.no_grad():
        net.head.weight.mul_(confidence)
    vectors = net.embed(b.tokens)
    clean = net.classify(vectors, b.tokens, b.lengths)
    shift = adversarial_shift(clean, b, vectors, 0.05)
    before, after = (F.cross_entropy(z.double(), b.labels, reduction="none") for z in (clean, answers(net, b, shift)))
    assert (after > before).all()


def test_without_a_label_the_shift_is_along_the_steepest_curvature_of_the_divergence():
    net, b = network(), batch((-1, -1, -1))
    vectors = net.embed(b.tokens).detach().requires_grad_()
    shift = adversarial_shift(net.classify(vectors, b.tokens, b.lengths), b, vectors, 1.0)

    def curved(d):
        reference, moved = (net.classify(vectors.detach() + step, b.tokens, b.lengths) for step in (0, d))
        return divergence(reference.detach(), moved)

    size = vectors.numel()
    hessian = torch.autograd.functional.hessian(curved, torch.zeros_like(vectors)).reshape(size, size)
    for text in range(3):
        rows = slice(text * size // 3, (text + 1) * size // 3)
        steepest = torch.linalg.eigh(hessian[rows, rows]).eigenvectors[:, -1]
        cosine = F.cosine_similarity(steepest, shift[text].flatten(), dim=0).abs()
        assert cosine.item() == pytest.approx(1, abs=1e-3)


def test_the_virtual_loss_of_an_unmoved_text_is_zero():
    net, b = network(), batch()
    assert (loss(net, b, adversarial=1e-9, virtual_weight=1.0) - loss(net, b)).item() == pytest.approx(0, abs=1e-6)


def test_the_adversarial_loss_is_the_cross_entropy_at_the_shifted_words():
    net, b = network(), batch((1, 0, 1))
    vectors = net.embed(b.tokens)
    shift = adversarial_shift(net.classify(vectors, b.tokens, b.lengths), b, vectors, 0.4)
    expected = F.cross_entropy(answers(net, b, shift), b.labels, reduction="sum") / 2
    torch.testing.assert_close(loss(net, b, adversarial=0.4, adversarial_weight=1.0) - loss(net, b), expected)


def test_all_terms_together_train_every_weight():
    net, b = network(), batch()
    weights = {"adversarial_weight": 1.0, "virtual_weight": 1.0, "entropy_weight": 1.0}
    loss(net, b, Companions(others([3, 2, 4, 5]), 1.0, 0), adversarial=0.3, **weights).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_another_network_of_the_house_trains_with_it_too():
    torch.manual_seed(0)
    net = CnnNetwork(WordEmbedding(torch.randn(12, 4)), 3, filters=3, widths=(2,), dropout=0)
    assert loss(net, batch((2, 0, 1)), adversarial=0.3, virtual_weight=1.0) > 0


def test_companions_are_as_long_as_the_labelled_texts():
    lengths = np.arange(1, 1001)
    companions = Companions(others(lengths), 1.0, 0)
    rows = companions.rows(np.full(64, 500), step=3)
    assert len(rows) == 64
    assert (np.abs(lengths[rows] - 500) <= 21).all()


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.5, 2), (1.0, 4), (2.5, 10)])
def test_there_are_as_many_companions_as_asked_for(share, count):
    companions = Companions(others([3, 2, 4, 5]), share, 0)
    b = batch()
    four = Batch(b.tokens[[0, 1, 2, 0]], b.lengths[[0, 1, 2, 0]], b.labels[[0, 1, 0, 0]])
    joined = companions.joined(four, step=0)
    assert len(joined.labels) == len(joined.tokens) == len(joined.lengths) == 4 + count
    assert (joined.labels[4:] == -1).all()
    assert torch.equal((joined.tokens != 0).sum(1), joined.lengths)


def test_companions_follow_from_seed_and_step():
    companions = Companions(others(np.arange(1, 200)), 1.0, 0)
    lengths = np.arange(50, 60)
    assert np.array_equal(companions.rows(lengths, 4), companions.rows(lengths, 4))
    assert not np.array_equal(companions.rows(lengths, 4), companions.rows(lengths, 5))


def test_class_weights_weigh_each_labelled_text_and_its_shifted_words():
    net, b = network(), batch((1, 0, -1))
    weights = torch.tensor([0.5, 3.0])

    def weighed(**settings):
        return MixedObjective(SemiSupervised(**{**OFF, **settings}), course(), None, CPU, weights)(net, b)

    each = F.cross_entropy(answers(net, b)[:2], b.labels[:2], reduction="none")
    torch.testing.assert_close(weighed(), (3.0 * each[0] + 0.5 * each[1]) / 2)
    vectors = net.embed(b.tokens)
    torch.manual_seed(4)
    shift = adversarial_shift(net.classify(vectors, b.tokens, b.lengths), b, vectors, 0.4)
    moved = F.cross_entropy(answers(net, b, shift)[:2], b.labels[:2], reduction="none")
    torch.manual_seed(4)
    difference = weighed(adversarial=0.4, adversarial_weight=1.0) - weighed()
    torch.testing.assert_close(difference, (3.0 * moved[0] + 0.5 * moved[1]) / 2)

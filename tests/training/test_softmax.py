"""Cross-entropy over a tied vocabulary: against autograd, chunk by chunk, and over a sample of the words."""

import pytest
import torch
from torch.nn import functional as F

from valence.training import softmax
from valence.training.softmax import draw_words, present_words, tied_cross_entropy


def parts(n=7, words=11, features=4, dtype=torch.float64):
    torch.manual_seed(0)
    hidden, weight, bias = (torch.randn(*shape, dtype=dtype, requires_grad=True) for shape in ((n, features), (words, features), (words,)))
    return hidden, weight, bias, torch.randint(words, (n,))


@pytest.mark.parametrize("chunk", [3, 100])
def test_loss_and_gradients_are_those_of_autograd(monkeypatch, chunk):
    monkeypatch.setattr(softmax, "CHUNK", chunk)
    *leaves, targets = parts(dtype=torch.float32)
    ours = tied_cross_entropy(*leaves, targets)
    theirs = F.cross_entropy(F.linear(*leaves), targets)
    torch.testing.assert_close(ours, theirs)
    for mine, reference in zip(torch.autograd.grad(3 * ours, leaves), torch.autograd.grad(3 * theirs, leaves), strict=True):
        torch.testing.assert_close(mine, reference, atol=1e-6, rtol=1e-4)


def test_under_autocast_the_products_are_in_bfloat16_and_the_loss_in_float32():
    *leaves, targets = parts(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        loss = tied_cross_entropy(*leaves, targets)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(F.cross_entropy(F.linear(*leaves), targets).item(), rel=0.02)
    assert all(g.dtype == torch.float32 for g in torch.autograd.grad(loss, leaves))


def test_the_sum_over_present_words_estimates_the_sum_over_all_without_bias():
    torch.manual_seed(0)
    shares = torch.tensor([0.0, 0.5, 0.3, 0.1, 0.06, 0.04])
    logits = torch.tensor([0.0, 0.3, -0.2, 1.0, 2.0, 1.5])
    estimates = []
    for _ in range(4000):
        words, _, added = present_words(torch.multinomial(shares, 6, replacement=True), shares)
        estimates.append((logits[words] + added).exp().sum())
    assert torch.stack(estimates).mean().item() == pytest.approx(logits[1:].exp().sum().item(), rel=0.03)


def test_places_lead_from_the_present_words_to_the_targets():
    targets = torch.tensor([4, 2, 4, 3])
    words, places, added = present_words(targets, torch.full((5,), 0.2))
    assert torch.equal(words[places], targets)
    # a word of share 1/5 is among four drawn ones with probability 1 - .8^4 = .5904
    assert added.exp().reciprocal().tolist() == pytest.approx([0.5904] * 3, abs=1e-4)


def test_words_are_drawn_as_often_as_the_softmax_says():
    torch.manual_seed(0)
    hidden, weight, bias = torch.ones(20_000, 1), torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([0.0, 0.0, -1.0])
    drawn = torch.bincount(draw_words(hidden, weight, bias), minlength=3) / 20_000
    torch.testing.assert_close(drawn, F.softmax(torch.tensor([0.0, 1.0, 1.0]), dim=0), atol=0.02, rtol=0)

import math

import pytest
import torch
from torch import nn

from valence.training.consistency import Consistency, symmetric_kl, twice
from valence.training.examples import Batch
from valence.training.losses import CrossEntropy
from valence.training.recipe import Recipe

CPU = torch.device("cpu")
EXACT = Recipe(precision="float32")
BATCH = Batch(torch.tensor([[2, 3], [4, 0], [5, 6]]), torch.tensor([2, 1, 2]), torch.tensor([0, 1, 1]))


class Jumpy(nn.Module):
    """Gives the second copy of every text other logits, as dropout would."""

    def __init__(self, first, second):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(first + second))

    def forward(self, tokens, lengths):
        assert torch.equal(tokens[:3], tokens[3:])
        assert torch.equal(lengths[:3], lengths[3:])
        return self.logits


def test_the_divergence_is_the_mean_of_both_directions_worked_by_hand():
    # p = (.8, .2), q = (.5, .5): KL(p||q) = .8 ln 1.6 + .2 ln .4, KL(q||p) = .5 ln .625 + .5 ln 2.5
    p, q = torch.tensor([[0.8, 0.2]]).log(), torch.tensor([[0.5, 0.5]]).log()
    there = 0.8 * math.log(1.6) + 0.2 * math.log(0.4)
    back = 0.5 * math.log(0.625) + 0.5 * math.log(2.5)
    assert symmetric_kl(p, q).tolist() == pytest.approx([(there + back) / 2])
    torch.testing.assert_close(symmetric_kl(p, q), symmetric_kl(q, p))


def test_agreeing_passes_cost_nothing_and_gain_nothing():
    same = [[1.0, -1.0], [0.3, 0.2], [0.0, 2.0]]
    net = Jumpy(same, same)
    loss = Consistency(EXACT, 3, CPU, alpha=5.0)(net, BATCH)
    plain = CrossEntropy(EXACT, 3, CPU).of(torch.tensor(same), BATCH.labels)
    torch.testing.assert_close(loss, plain)


def test_the_loss_is_half_of_the_papers_over_the_texts_of_a_step():
    first, second = [[1.0, -1.0], [0.3, 0.2], [0.0, 2.0]], [[0.0, 0.0], [0.9, -0.2], [1.0, 0.0]]
    nll = sum(torch.nn.functional.cross_entropy(torch.tensor(x), BATCH.labels, reduction="sum") for x in (first, second))
    p, q = (torch.tensor(x).double().softmax(1) for x in (first, second))
    kl = ((p * (p / q).log()).sum() + (q * (q / p).log()).sum()) / 2
    loss = Consistency(EXACT, 4, CPU, alpha=2.0)(Jumpy(first, second), BATCH)
    assert loss.item() == pytest.approx(((nll + 2.0 * kl) / 2 / 4).item(), rel=1e-5)


def test_both_passes_get_a_gradient():
    net = Jumpy([[1.0, -1.0], [0.3, 0.2], [0.0, 2.0]], [[0.0, 0.0], [0.9, -0.2], [1.0, 0.0]])
    Consistency(EXACT, 3, CPU, alpha=1.0)(net, BATCH).backward()
    assert (net.logits.grad.abs().sum(dim=1) > 0).all()


def test_a_doubled_batch_holds_every_text_twice():
    tokens, lengths = twice(BATCH)
    assert tokens.shape == (6, 2)
    assert lengths.tolist() == [2, 1, 2, 2, 1, 2]

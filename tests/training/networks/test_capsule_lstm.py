"""Capsules against the formulas of Sabour et al., 2017."""

import numpy as np
import pytest
import torch

from valence.training.networks.capsule_lstm import route, squash


@pytest.fixture
def votes():
    return torch.randn(2, 4, 3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


INSIDE = torch.tensor([[True, True, True, True], [True, True, False, False]])


@pytest.mark.parametrize(("vector", "expected"), [([3.0, 4.0], [25 / 26 * 0.6, 25 / 26 * 0.8]), ([0.1, 0.0], [0.01 / 1.01, 0.0])])
def test_squash_is_equation_1_worked_by_hand(vector, expected):
    # the seed's was s / |s|, which makes every vector as long as every other
    torch.testing.assert_close(squash(torch.tensor(vector, dtype=torch.float64)), torch.tensor(expected, dtype=torch.float64))


def test_squash_keeps_the_direction_and_stays_below_one():
    vectors = torch.randn(50, 4, dtype=torch.float64) * torch.logspace(-3, 3, 50, dtype=torch.float64)[:, None]
    short = squash(vectors)
    norm = vectors.norm(dim=1)
    torch.testing.assert_close(short.norm(dim=1), norm**2 / (1 + norm**2))
    torch.testing.assert_close(torch.cosine_similarity(short, vectors, dim=1), torch.ones(50, dtype=torch.float64))


def test_squash_of_nothing_is_nothing_with_a_finite_gradient():
    zero = torch.zeros(3, requires_grad=True)
    squash(zero).sum().backward()
    assert squash(zero).tolist() == [0, 0, 0]
    assert zero.grad.isfinite().all()


def reference(votes, rounds):
    """Procedure 1 for one text, (time, capsules, size), written out in NumPy."""
    b = np.zeros(votes.shape[:2])
    for _ in range(rounds):
        c = np.exp(b) / np.exp(b).sum(axis=1, keepdims=True)
        s = (c[..., None] * votes).sum(axis=0)
        square = (s**2).sum(axis=1, keepdims=True)
        v = square / (1 + square) * s / np.sqrt(square)
        b = b + (votes * v).sum(axis=2)
    return v


@pytest.mark.parametrize("rounds", [1, 2, 3, 5])
def test_routing_is_procedure_1_with_accumulated_logits(votes, rounds):
    capsules, _ = route(votes, INSIDE, rounds)
    np.testing.assert_allclose(capsules[0].numpy(), reference(votes[0].numpy(), rounds), rtol=1e-6)


def test_padding_is_never_routed(votes):
    capsules, couplings = route(votes, INSIDE, 3)
    np.testing.assert_allclose(capsules[1].numpy(), reference(votes[1, :2].numpy(), 3), rtol=1e-6)
    assert couplings[1, 2:].abs().sum() == 0
    loud = votes.clone()
    loud[1, 2:] = 1e6
    torch.testing.assert_close(route(loud, INSIDE, 3)[0], capsules)


def test_couplings_sum_to_one_over_the_capsules(votes):
    _, couplings = route(votes, INSIDE, 3)
    torch.testing.assert_close(couplings.sum(dim=2), INSIDE.double())


def test_routing_passes_its_gradient_on_unless_it_is_fixed(votes):
    def slope(fixed, step):
        moved = votes.clone()
        moved[0, 0, 0, 0] += step
        moved.requires_grad_()
        total = route(moved, INSIDE, 3, fixed=fixed)[0].sum()
        return total.item(), torch.autograd.grad(total, moved)[0][0, 0, 0, 0].item()

    by_differences = (slope(False, 1e-6)[0] - slope(False, -1e-6)[0]) / 2e-6
    assert slope(False, 0)[1] == pytest.approx(by_differences, rel=1e-5)
    assert slope(True, 0)[1] != pytest.approx(by_differences, rel=1e-2)


def test_agreement_grows_with_the_rounds(votes):
    agreement = [(route(votes, INSIDE, r)[1] * 1.0).amax(dim=2)[0].mean().item() for r in (1, 2, 4)]
    assert agreement == sorted(agreement)
    assert agreement[0] == pytest.approx(1 / 3)

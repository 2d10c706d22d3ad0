import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from valence.training.contrastive import Contrastive, supervised_contrastive
from valence.training.examples import Batch
from valence.training.recipe import Recipe


def by_the_equation(features, labels, temperature):
    """Equation 2 of Khosla et al., 2020, in float64, one anchor after the other."""
    z = features.double() / features.double().norm(dim=2, keepdim=True)
    anchors = [(i, v) for i in range(z.shape[0]) for v in range(z.shape[1])]
    losses = torch.zeros(z.shape[0], dtype=torch.float64)
    for i, v in anchors:
        others = [a for a in anchors if a != (i, v)]
        similar = {a: math.exp(float(z[i, v] @ z[a]) / temperature) for a in others}
        positive = [a for a in others if labels[a[0]] == labels[i]]
        total = sum(similar.values())
        losses[i] -= sum(math.log(similar[a] / total) for a in positive) / len(positive) / z.shape[1]
    return losses


@pytest.mark.parametrize("views", [1, 2, 3])
@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_the_loss_is_the_papers_equation(views, temperature):
    features = torch.randn(6, views, 5, generator=torch.Generator().manual_seed(views))
    labels = torch.tensor([0, 1, 0, 1, 1, 0])
    expected = by_the_equation(features, labels.tolist(), temperature)
    torch.testing.assert_close(supervised_contrastive(features.double(), labels, temperature), expected, rtol=1e-9, atol=1e-12)


def test_the_length_of_a_feature_changes_nothing():
    features = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 0, 1])
    torch.testing.assert_close(supervised_contrastive(features, labels, 0.3), supervised_contrastive(7 * features, labels, 0.3))


def test_a_text_alone_with_its_label_in_a_single_view_costs_nothing():
    features = torch.randn(3, 1, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    losses = supervised_contrastive(features, torch.tensor([0, 0, 1]), 0.3)
    assert losses[2] == 0
    losses.sum().backward()
    assert features.grad.isfinite().all()


def test_pulling_texts_of_one_label_together_lowers_the_loss():
    apart = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]], [[-1.0, 0.0]], [[0.0, -1.0]]])
    near = torch.tensor([[[1.0, 0.0]], [[1.0, 0.1]], [[-1.0, 0.0]], [[-1.0, 0.1]]])
    labels = torch.tensor([0, 0, 1, 1])
    assert supervised_contrastive(near, labels, 0.3).sum() < supervised_contrastive(apart, labels, 0.3).sum()


class Views(nn.Module):
    """An encoder whose features are the second copy's own, as dropout would make them."""

    def __init__(self, first, second):
        super().__init__()
        self.both = torch.cat([first, second])
        self.kind = SimpleNamespace(classify=lambda features: features[:, :2])

    def features(self, tokens, lengths):
        assert torch.equal(tokens[:3], tokens[3:])
        assert torch.equal(lengths[:3], lengths[3:])
        return self.both


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_the_loss_is_the_asked_share_over_two_true_views_of_every_text(share):
    batch = Batch(torch.tensor([[2, 3], [4, 0], [5, 6]]), torch.tensor([2, 1, 2]), torch.tensor([0, 1, 1]))
    first, second = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(4))
    objective = Contrastive(Recipe(precision="float32"), 4, torch.device("cpu"), share=share, temperature=0.2)
    cross = sum(F.cross_entropy(view[:, :2], batch.labels, reduction="sum") for view in (first, second)) / 2
    # (texts, views, size): the two copies of one text are its views
    contrast = by_the_equation(torch.stack([first, second], dim=1), batch.labels.tolist(), 0.2).sum()
    expected = ((1 - share) * cross + share * contrast) / 4
    assert objective(Views(first, second), batch).item() == pytest.approx(expected.item(), rel=1e-5)

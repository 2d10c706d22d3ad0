"""The loss of a batch."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from conftest import tiny_encoder
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.network import EncoderNetwork
from valence.training.examples import Batch, Examples
from valence.training.losses import CrossEntropy, balanced_weights
from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.words import WordEmbedding
from valence.training.recipe import Recipe

CPU = torch.device("cpu")


def network():
    torch.manual_seed(0)
    return CnnNetwork(WordEmbedding(torch.randn(9, 4)), 2, filters=3, widths=(2, 3), dropout=0)


def batch():
    tokens = torch.tensor([[2, 3, 4, 5], [6, 7, 0, 0]])
    return Batch(tokens, torch.tensor([4, 2]), torch.tensor([1, 0]))


def test_it_is_the_cross_entropy_summed_over_the_mean_number_of_texts():
    net, b = network(), batch()
    expected = F.cross_entropy(net(b.tokens, b.lengths), b.labels, reduction="sum") / 5
    assert CrossEntropy(Recipe(precision="float32"), 5, CPU)(net, b).item() == pytest.approx(expected.item())


def test_texts_count_the_same_in_full_and_in_small_batches():
    net, b = network(), batch()
    loss = CrossEntropy(Recipe(precision="float32"), 2, CPU)
    parts = [Batch(b.tokens[i : i + 1], b.lengths[i : i + 1], b.labels[i : i + 1]) for i in range(2)]
    assert sum(loss(net, p).item() for p in parts) == pytest.approx(loss(net, b).item(), rel=1e-5)


def test_smoothing_spreads_the_target():
    net, b = network(), batch()
    log_p = F.log_softmax(net(b.tokens, b.lengths), dim=1).detach().numpy()
    target = np.array([[0.1, 0.9], [0.9, 0.1]])
    loss = CrossEntropy(Recipe(precision="float32", label_smoothing=0.2), 2, CPU)(net, b)
    assert loss.item() == pytest.approx(-(target * log_p).sum() / 2, rel=1e-5)


def test_an_adversarial_step_makes_the_loss_larger_and_trains_every_weight():
    net, b = network(), batch()
    plain = CrossEntropy(Recipe(precision="float32"), 2, CPU)(net, b)
    shifted = CrossEntropy(Recipe(precision="float32", adversarial=0.5), 2, CPU)(net, b)
    assert shifted > plain
    shifted.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_balanced_weights_let_every_label_count_the_same():
    labels = torch.tensor([0, 0, 0, 1])
    weights = balanced_weights(labels, 2)
    assert weights.tolist() == pytest.approx([4 / 6, 2.0])
    assert (weights[labels].sum()).item() == pytest.approx(4)
    assert balanced_weights(labels, 3).tolist() == pytest.approx([4 / 6, 2.0, 0.0]), "a label without texts has none"


def test_class_weights_weigh_each_text():
    net, b = network(), batch()
    weights = torch.tensor([0.5, 3.0])
    each = F.cross_entropy(net(b.tokens, b.lengths), b.labels, reduction="none")
    expected = (3.0 * each[0] + 0.5 * each[1]) / 2
    assert CrossEntropy(Recipe(precision="float32"), 2, CPU, weights)(net, b).item() == pytest.approx(expected.item(), rel=1e-6)


def encoder_batch(texts, backbone="tiny-roberta", frozen=False):
    torch.manual_seed(0)
    origin = Backbone.find(str(tiny_encoder(backbone)))
    net = EncoderNetwork(origin.model(("bad", "good")), pooling="first").eval()
    if frozen:
        net.freeze_body()
    b = Examples(origin.subwords().encode(texts, 60), np.arange(len(texts)) % 2, CPU).batch(np.arange(len(texts)))
    return net, b


@pytest.mark.parametrize("backbone", ["tiny-bert", "tiny-roberta"])
def test_an_adversarial_step_on_a_text_depends_on_no_neighbour(backbone):
    # id 0, which pads, is RoBERTa's first special token, and both have a vector for it
    net, both = encoder_batch(("A joy.", "The plot is dreadful and the cast is weak. " * 3), backbone)
    loss = CrossEntropy(Recipe(precision="float32", adversarial=2.0), 2, CPU)
    alone = [Batch(both.tokens[i : i + 1, :n], both.lengths[i : i + 1], both.labels[i : i + 1]) for i, n in enumerate(both.lengths)]
    assert loss(net, both).item() == pytest.approx(sum(loss(net, part).item() for part in alone), rel=1e-5)


def test_an_adversarial_step_reaches_through_a_frozen_body():
    net, b = encoder_batch(("A joy.", "The plot is dreadful."), frozen=True)
    plain = CrossEntropy(Recipe(precision="float32"), 2, CPU)(net, b)
    shifted = CrossEntropy(Recipe(precision="float32", adversarial=1.0), 2, CPU)(net, b)
    assert shifted > plain
    shifted.backward()
    assert all((p.grad is not None) == p.requires_grad for p in net.parameters())


def test_the_shift_is_the_gradient_s_direction_at_the_asked_length():
    net, b = network(), batch()
    vectors = net.embed(b.tokens).detach().requires_grad_()
    F.cross_entropy(net.classify(vectors, b.tokens, b.lengths), b.labels, reduction="sum").backward()
    g = vectors.grad
    length = torch.stack([vectors[i, :n].norm(dim=1).mean() for i, n in enumerate(b.lengths)]).detach()
    # equation 5 of Miyato et al.: epsilon g / |g|, one length for a text as a whole
    shift = 0.5 * length[:, None, None] * g / g.flatten(1).norm(dim=1)[:, None, None]
    clean, moved = (F.cross_entropy(net.classify(vectors + s, b.tokens, b.lengths), b.labels, reduction="sum") / 2 for s in (0, shift))
    loss = CrossEntropy(Recipe(precision="float32", adversarial=0.5), 2, CPU)(net, b)
    assert loss.item() == pytest.approx((0.5 * (clean + moved)).item(), rel=1e-5)


@pytest.mark.parametrize("backbone", ["tiny-bert", "tiny-deberta"])
def test_it_is_the_loss_that_transformers_computes_by_default_to_a_millionth(backbone):
    # the original document's `celoss` rows rewrote it, and took what batching changed for a gain
    net, b = encoder_batch(("A joy.", "The plot is dreadful.", "What a moving film!", "Awful."), backbone)
    mask = (torch.arange(b.tokens.shape[1]) < b.lengths[:, None]).long()
    ids = torch.where(mask.bool(), b.tokens, net.model.config.pad_token_id)
    with torch.no_grad():
        stock = net.model(input_ids=ids, attention_mask=mask, labels=b.labels).loss
        ours = CrossEntropy(Recipe(precision="float32"), 4, CPU)(net, b)
    assert ours.item() == pytest.approx(stock.item(), abs=1e-6)

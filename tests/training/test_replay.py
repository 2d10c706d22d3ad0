"""Captured steps leave the losses and gradients of steps carried out as they stand."""

from functools import partial

import numpy as np
import pytest
import torch

from conftest import TINY_ENCODERS, sentences, tiny_encoder
from valence.training import replay as replay_module
from valence.training.consistency import Consistency
from valence.training.contrastive import Contrastive
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.network import EncoderNetwork
from valence.training.encoders.prompt import Prompt
from valence.training.examples import Examples
from valence.training.losses import CrossEntropy
from valence.training.packed import start_passes
from valence.training.recipe import Recipe
from valence.training.replay import Replay

CPU = torch.device("cpu")
OBJECTIVES = {
    "cross-entropy": CrossEntropy,
    "r-drop": partial(Consistency, alpha=1.0),
    "contrastive": partial(Contrastive, share=0.1, temperature=0.3),
}
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def network(name, device, dropout=0.0):
    torch.manual_seed(0)
    net = EncoderNetwork(Backbone.find(str(tiny_encoder(name))).model(("bad", "good")), pooling="mean").to(device)
    for module in net.modules():
        for at in ("p", "dropout_p", "dropout_prob", "attention_dropout"):
            if isinstance(getattr(module, at, None), float):
                setattr(module, at, dropout)
    return net.train()


def examples(name, device):
    texts, labels = sentences(24)
    tokens = Backbone.find(str(tiny_encoder(name))).subwords().encode([*texts[:-1], "word " * 100], 120)
    return Examples(tokens, np.array(labels), device)


def passes(name, net, data, objective="cross-entropy", **changes):
    recipe = Recipe(**changes)
    return start_passes(net, data, OBJECTIVES[objective](recipe, 8.0, data.device, None), recipe)


def gradients(net):
    return torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None and p.grad.any()])


def test_without_a_gpu_nothing_is_replayed():
    data = examples("tiny-bert", CPU)
    net = network("tiny-bert", CPU)
    go = passes("tiny-bert", net, data)
    assert not isinstance(go, Replay)
    assert go(np.arange(8)).isfinite()
    assert gradients(net).norm() <= 1.0 + 1e-4


@pytest.mark.gpu
@on_gpu
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", TINY_ENCODERS)
def test_replayed_passes_leave_the_gradients_of_passes_as_they_stand(name, objective):
    cuda = torch.device("cuda")
    data, batches = examples(name, cuda), [np.arange(0, 8), np.arange(8, 16), np.arange(16, 24)]
    one, other = network(name, cuda), network(name, cuda)
    go = passes(name, one, data, objective)
    assert isinstance(go, Replay)
    plain = OBJECTIVES[objective](Recipe(), 8.0, cuda, None)
    for rows in (*batches, *batches, *batches[::-1]):
        loss = go(rows)
        other.zero_grad(set_to_none=True)
        expected = plain(other, data.batch(rows))
        expected.backward()
        torch.nn.utils.clip_grad_norm_(other.parameters(), 1.0)
        assert abs(loss.item() - expected.item()) < 0.01
        assert torch.nn.functional.cosine_similarity(gradients(one), gradients(other), dim=0) > 0.99
        assert (gradients(one).norm() / gradients(other).norm()).item() == pytest.approx(1, abs=0.02)
    assert sum(graph is not None for graph in go._graphs.values()) >= 1


@pytest.mark.gpu
@on_gpu
def test_each_replay_draws_another_dropout_which_follows_from_the_seed():
    cuda = torch.device("cuda")
    data = examples("tiny-bert", cuda)
    found = []
    for _ in range(2):
        go = passes("tiny-bert", network("tiny-bert", cuda, dropout=0.3), data)
        torch.manual_seed(7)
        found.append([go(np.arange(8)).item() for _ in range(5)])
    assert found[0] == found[1]
    assert len(set(found[0])) == 5


@pytest.mark.gpu
@on_gpu
def test_what_a_room_cannot_say_is_not_replayed(monkeypatch):
    cuda = torch.device("cuda")
    data = examples("tiny-bert", cuda)
    prompted = network("tiny-bert", cuda)
    prompted.prompt = Prompt(prompted.kind.words.weight, 3).to(cuda)
    assert not isinstance(passes("tiny-bert", prompted, data), Replay)
    assert not isinstance(passes("tiny-bert", network("tiny-bert", cuda), data, adversarial=0.1), Replay)
    assert not isinstance(passes("tiny-bert", network("tiny-bert", cuda), data, precision="float32"), Replay)
    monkeypatch.setattr(replay_module, "LARGEST", 256)
    go = passes("tiny-bert", network("tiny-bert", cuda), data)
    assert [go(np.arange(8)).isfinite().item() for _ in range(3)] == [True] * 3
    assert not go._graphs

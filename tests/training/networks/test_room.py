"""Rooms are few and hold their texts; a step in a larger room leaves the loss and gradients of a step as it stands."""

import contextlib
import warnings

import numpy as np
import pytest
import torch

from valence.methods import METHODS
from valence.text.vocabulary import Tokens
from valence.training import replay as replay_module
from valence.training.consistency import Consistency
from valence.training.examples import Examples
from valence.training.losses import CrossEntropy
from valence.training.networks.room import LARGEST, TIME, rectangle_for
from valence.training.networks.words import WordEmbedding
from valence.training.packed import start_passes
from valence.training.recipe import Recipe
from valence.training.replay import Replay

NAMES = ("cnn", "gru", "lstm", "attention_lstm", "cnnlstm", "capsule_lstm", "transformer")
CPU = torch.device("cpu")
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def network(name, device=CPU, **changes):
    torch.manual_seed(0)
    cls = METHODS.find(name)
    tiny = vars(__import__(cls.__module__, fromlist=["TINY"]))["TINY"]
    method = cls(**{**tiny, "dropout": 0.0, **({"layer_dropout": 0.0} if name == "transformer" else {}), **changes})
    return method.build(WordEmbedding(torch.randn(40, 16)), 2).to(device).train()


def examples(device=CPU):
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 60, 24)
    tokens = Tokens(rng.integers(2, 40, lengths.sum()).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))
    return Examples(tokens, rng.integers(0, 2, 24), device)


def passes(net, data, **changes):
    recipe = Recipe(precision="float32", **changes)
    objective = CrossEntropy(recipe, 8.0, data.device)

    def work(batch):
        loss = objective(net, batch)
        loss.backward()
        return loss

    return work


def gradients(net):
    return torch.cat([p.grad.flatten() for p in net.parameters()])


@pytest.mark.parametrize("texts", [1, 7, 8, 15, 16, 17, 70, 1000])
def test_a_room_holds_its_texts_and_is_an_eighth_larger_at_most(texts):
    lengths = np.full(texts, 33)
    room = rectangle_for(lengths, 400)
    assert texts <= room.texts <= texts * 9 / 8
    assert room.longest == 2 * TIME
    assert room.tokens == room.texts * room.longest


def test_no_room_is_longer_than_the_longest_text_of_the_training():
    assert rectangle_for(np.array([33, 40]), 41).longest == 41


def test_a_training_of_reviews_has_few_rooms():
    lengths = np.random.default_rng(0).lognormal(5.4, 0.65, 5000).astype(int).clip(10, 400)
    rooms = {rectangle_for(lengths[i : i + max(1, 16_384 // lengths[i])], 400) for i in range(0, 5000, 7)}
    assert len(rooms) < 120


def test_a_room_too_large_to_capture_is_none():
    assert rectangle_for(np.full(LARGEST // 400 + 100, 400), 400) is None


@pytest.mark.parametrize("adversarial", [0.0, 0.5])
@pytest.mark.parametrize("name", NAMES)
def test_a_step_in_a_room_is_the_step_as_it_stands(name, adversarial):
    data, one, other = examples(), network(name), network(name)
    rows = np.arange(3, 20)  # seventeen texts, in a room for eighteen
    go = Replay(one, data, passes(one, data, adversarial=adversarial))
    assert go.room_of(rows).texts == 18
    assert not go.replays(rows)
    loss, expected = go(rows), passes(other, data, adversarial=adversarial)(data.batch(rows))
    torch.testing.assert_close(loss, expected.detach(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradients(one), gradients(other), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["gru", "cnn"])
def test_gradients_do_not_add_up_over_steps(name):
    data, net = examples(), network(name)
    go = Replay(net, data, passes(net, data))
    go(np.arange(12))
    first = gradients(net)
    go(np.arange(12, 24))
    go(np.arange(12))
    torch.testing.assert_close(gradients(net), first)


def test_a_capture_that_fails_leaves_the_training_going(monkeypatch):
    class Generator:
        state = "before"

        def clone_state(self):
            return self.state

        def graphsafe_set_state(self, state):
            self.state = state

    def fail(self, room):
        generator.state = "broken"
        raise RuntimeError("operation not permitted when stream is capturing")

    generator = Generator()
    monkeypatch.setattr(torch.cuda, "default_generators", (generator,))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(Replay, "_record", fail)
    data, one, other = examples(), network("lstm"), network("lstm")
    go = Replay(one, data, passes(one, data))
    go._left = replay_module.MOST
    plain = passes(other, data)
    for step in range(4):
        with pytest.warns(UserWarning, match="No step is replayed from here on") if step == 1 else contextlib.nullcontext():
            loss = go(np.arange(8))
        other.zero_grad()
        torch.testing.assert_close(loss, plain(data.batch(np.arange(8))).detach())
        torch.testing.assert_close(gradients(one), gradients(other), atol=1e-5, rtol=1e-4)
    assert generator.state == "before"


def test_on_a_cpu_a_step_is_carried_out_as_it_stands():
    data, net = examples(), network("lstm")
    assert not isinstance(start_passes(net, data, CrossEntropy(Recipe(), 8.0, CPU), Recipe()), Replay)


@pytest.mark.gpu
@on_gpu
@pytest.mark.parametrize("adversarial", [0.0, 0.5])
@pytest.mark.parametrize("name", NAMES)
def test_replayed_steps_leave_the_gradients_of_steps_as_they_stand(name, adversarial):
    cuda = torch.device("cuda")
    recipe = Recipe(precision="float32", adversarial=adversarial, clip_norm=1e9)
    data, one, other = examples(cuda), network(name, cuda), network(name, cuda)
    go = start_passes(one, data, CrossEntropy(recipe, 8.0, cuda), recipe)
    plain = passes(other, data, adversarial=adversarial)
    for rows in (np.arange(8), np.arange(8), np.arange(8), np.arange(12, 20), np.arange(12, 20), np.arange(4, 12)):
        with warnings.catch_warnings(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            warnings.simplefilter("error")
            loss = go(rows)
            other.zero_grad()
            torch.testing.assert_close(loss, plain(data.batch(rows)).detach(), atol=1e-4, rtol=1e-4)
        # another algorithm of a convolution rounds otherwise, which after an adversarial step moves a maximum over time here and there
        assert (gradients(one) - gradients(other)).norm() < (1e-2 if adversarial else 1e-3) * gradients(other).norm()
    assert go.replays(np.arange(8))


@pytest.mark.gpu
@on_gpu
def test_a_loss_that_compares_texts_is_never_read_in_a_larger_room():
    cuda = torch.device("cuda")
    loss = Consistency(Recipe(), 8.0, cuda, None, alpha=1.0)
    assert not isinstance(start_passes(network("lstm", cuda), examples(cuda), loss, Recipe()), Replay)

"""The GRU of a CPU against torch's own."""

import pytest
import torch

from valence.training.networks.gated import gru_both_ways
from valence.training.networks.recurrent import Bidirectional


def both(words, weights, autocast=False):
    found = []
    for run in (gru_both_ways, lambda x, w: torch.gru(x, x.new_zeros(2, x.shape[1], 6), w, True, 1, 0.0, True, True, False)[0]):
        inputs = [words.clone().requires_grad_(), *(w.clone().requires_grad_() for w in weights)]
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast and run is gru_both_ways):
            states = run(inputs[0], inputs[1:])
        states.square().sum().backward()
        found.append([states.detach(), *(i.grad for i in inputs)])
    return found


@pytest.fixture
def given():
    torch.manual_seed(0)
    cell = torch.nn.GRU(5, 6, bidirectional=True)
    weights = [getattr(cell, f"{n}_l0{d}").detach() for d in ("", "_reverse") for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    return torch.randn(9, 4, 5), weights


def test_states_and_gradients_are_torch_s(given):
    words, weights = given
    for own, expected in zip(*both(words.double(), [w.double() for w in weights]), strict=True):
        torch.testing.assert_close(own, expected)


def test_in_bfloat16_the_gradients_are_torch_s_but_for_rounding(given):
    for own, expected in zip(*both(*given, autocast=True), strict=True):
        assert own.dtype == torch.float32
        assert torch.nn.functional.cosine_similarity(own.flatten(), expected.flatten(), dim=0) > 0.999
        torch.testing.assert_close(own.norm(), expected.norm(), atol=0, rtol=0.02)


def test_a_layer_takes_it_where_autocast_asks_for_bfloat16_on_a_cpu(monkeypatch, given):
    asked = []

    def note(words, weights):
        asked.append(words.dtype)
        return gru_both_ways(words, weights)

    monkeypatch.setattr("valence.training.networks.recurrent.gru_both_ways", note)
    layer, texts, lengths = Bidirectional("gru", 5, 6), given[0].transpose(0, 1), torch.tensor([9, 3, 1, 5])
    plain = layer(texts, lengths)
    assert asked == []
    with torch.autocast("cpu", torch.bfloat16):
        states = layer(texts, lengths)
    assert asked == [torch.float32]
    inside = torch.arange(9) < lengths[:, None]
    torch.testing.assert_close(states[inside].float(), plain[inside], atol=0.02, rtol=0.05)


def test_a_graph_kept_for_a_second_pass_gives_the_same_gradients(given):
    words, weights = given[0].requires_grad_(), given[1]
    states = gru_both_ways(words, weights)
    (first,) = torch.autograd.grad(states.square().sum(), words, retain_graph=True)
    (second,) = torch.autograd.grad(states.square().sum(), words)
    assert torch.equal(first, second)

"""The feed-forward part with its GELU inside the product: what transformers' own layer computes."""

import pytest
import torch
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel

from valence.training.encoders.feedforward import fed_forward, gelu_linear


def numbers(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def layer_of(kind):
    config = AutoConfig.for_model(kind, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, vocab_size=20)
    torch.manual_seed(0)
    return AutoModel.from_config(config).eval().encoder.layer[0]


def test_the_operator_is_gelu_of_a_product():
    rows, weight, bias = numbers(7, 16), numbers(24, 16), numbers(24)
    torch.testing.assert_close(gelu_linear(rows, weight, bias), F.gelu(rows @ weight.T + bias), atol=1e-3, rtol=1e-3)
    torch.library.opcheck(gelu_linear, (rows, weight, bias), test_utils=("test_schema", "test_faketensor"))


def test_a_compiled_layer_takes_any_number_of_tokens():
    weight, bias = numbers(24, 16), numbers(24)
    torch.compiler.reset()
    read = torch.compile(lambda rows: gelu_linear(rows, weight, bias).sin(), dynamic=True, backend="eager")
    with torch._dynamo.config.patch(error_on_recompile=True):
        assert [len(read(numbers(n, 16))) for n in (5, 9, 70, 33)] == [5, 9, 70, 33]


def test_the_form_by_tanh_is_as_near_as_said():
    at = torch.linspace(-8, 8, 20_001, dtype=torch.float64)
    assert 0.0004 < (F.gelu(at) - F.gelu(at, approximate="tanh")).abs().max() < 0.0005


@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet"])
def test_on_a_cpu_it_is_the_layers_own(kind):
    layer, attended = layer_of(kind), numbers(5, 32)
    with torch.no_grad():
        assert torch.equal(fed_forward(layer, attended), layer.output(layer.intermediate(attended), attended))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet"])
@torch.no_grad()
def test_a_prediction_in_bfloat16_is_the_layers_own(kind, compiled):
    layer, attended = layer_of(kind), numbers(500, 32)
    expected = layer.output(layer.intermediate(attended), attended)
    layer.cuda()
    read = torch.compile(fed_forward) if compiled else fed_forward
    with torch.autocast("cuda", torch.bfloat16):
        found = read(layer, attended.cuda().bfloat16())
    torch.testing.assert_close(found.float().cpu(), expected, atol=0.03, rtol=0.03)

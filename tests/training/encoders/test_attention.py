import numpy as np
import pytest
import torch

from conftest import sentences, tiny_encoder
from valence.training.encoders import attention
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.kernels import relative
from valence.training.encoders.layout import Layout
from valence.training.encoders.network import EncoderNetwork
from valence.training.examples import Examples

KINDS = ("tiny-bert", "tiny-distilbert", "tiny-mpnet", "tiny-deberta")


@pytest.fixture
def interpreted(interpreter, monkeypatch):
    """Send every packed row to the kernel as if there were a GPU."""

    def varlen(query, key, value, offsets, _, longest, __, *, scale, window_size):
        assert window_size == (-1, -1)
        return relative.relative_attention(torch.stack([query, key, value], dim=1), offsets, longest, scale)

    monkeypatch.setattr(attention, "has_varlen", lambda device: True)
    monkeypatch.setattr(attention, "_is_half", lambda dtype: True)
    monkeypatch.setattr(relative, "is_available", lambda: True)
    monkeypatch.setattr(Layout, "width", property(lambda self: relative.width_for(self.longest)))
    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", varlen)


def network(name, padded=False):
    torch.manual_seed(0)
    return EncoderNetwork(Backbone.find(str(tiny_encoder(name))).model(("bad", "good")), pooling="mean", padded=padded).eval()


def batch(name, texts):
    tokens = Backbone.find(str(tiny_encoder(name))).subwords().encode(texts, 120)
    return Examples(tokens, None, torch.device("cpu")).batch(np.arange(len(texts)))


TEXTS = (*sentences(2)[0], "Fine.", "word " * 90)


@pytest.mark.parametrize("name", KINDS)
def test_logits_and_gradients_by_the_kernel_are_those_of_padded_texts(name, request):
    b = batch(name, TEXTS)
    padded = network(name, padded=True)
    padded(b.tokens, b.lengths).logsumexp(1).sum().backward()
    expected = padded(b.tokens, b.lengths)
    request.getfixturevalue("interpreted")
    packed = network(name)
    logits = packed(b.tokens, b.lengths)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    logits.logsumexp(1).sum().backward()
    other = dict(padded.named_parameters())
    seen = 0
    for at, parameter in packed.named_parameters():
        if other[at].grad is not None and other[at].grad.any():
            seen += 1
            torch.testing.assert_close(parameter.grad, other[at].grad, atol=2e-5, rtol=1e-4, msg=at)
    assert seen > 10


@pytest.mark.parametrize("name", KINDS)
def test_a_compiled_layer_has_its_kernel_inside_and_serves_all_layers_and_lengths(name, interpreted, monkeypatch):
    graphs = []

    def seen(graph, inputs):
        graphs.append({str(node.target) for node in graph.graph.nodes})
        return graph.forward

    original = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, **settings: original(f, **settings, backend=seen, fullgraph=True))
    net, plain = network(name), network(name)
    net.compile()
    for texts in (TEXTS, TEXTS[:2], sentences(5)[0]):
        b = batch(name, texts)
        with torch.no_grad():
            torch.testing.assert_close(net(b.tokens, b.lengths), plain(b.tokens, b.lengths), atol=1e-6, rtol=0)
    # one, and one for a first layer whose input is a view into something larger
    assert len(graphs) <= 2
    assert all(any("relative_attention" in target for target in graph) for graph in graphs)

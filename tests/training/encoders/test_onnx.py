import numpy as np
import pytest

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
import torch  # noqa: E402

from conftest import TINY_ENCODERS, tiny_encoder  # noqa: E402
from valence.training.encoders.adapters import LowRank, add_ia3, add_lora  # noqa: E402
from valence.training.encoders.backbone import Backbone  # noqa: E402
from valence.training.encoders.network import EncoderNetwork  # noqa: E402
from valence.training.encoders.onnx import HEAD, merged, write_graph  # noqa: E402
from valence.training.encoders.prefix import Prefix  # noqa: E402
from valence.training.encoders.prompt import EncodedPrompt, Prompt  # noqa: E402

LENGTHS = (2, 3, 39, 40, 41, 120)
"""Shorter and longer than the traced text, and than ModernBERT's window."""


def network(name, what="nothing", pooling="first"):
    torch.manual_seed(0)
    net = EncoderNetwork(Backbone.find(str(tiny_encoder(name))).model(("bad", "good")), pooling=pooling)
    table = net.kind.words.weight
    if what == "prefix":
        net.prefix = Prefix(net.kind.depth, 3, net.kind.heads, net.kind.width)
    elif what == "prompt":
        net.prompt = Prompt(table, 5)
    elif what == "encoded prompt":
        net.prompt = EncodedPrompt(table, 5, 8, "lstm")
    elif what == "lora":
        add_lora(net, LowRank(4, 8, 0.1), ("query", "value", "feedforward"))
    elif what == "ia3":
        add_ia3(net)
    for parameter in net.parameters():  # an update starts at zero, which would merge into nothing
        if parameter.requires_grad and what in {"lora", "ia3"}:
            torch.nn.init.normal_(parameter, std=0.2)
    return net.eval()


def largest_difference(net, path):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = []
    for length in LENGTHS:
        ids = np.random.default_rng(length).integers(5, 60, (1, length))
        with torch.inference_mode():
            ours = net(torch.from_numpy(ids), torch.tensor([length])).numpy()
        found.append(np.abs(session.run(None, {"input_ids": ids})[0] - ours).max())
    return max(found)


@pytest.mark.parametrize("name", TINY_ENCODERS)
def test_the_graph_answers_like_the_network_at_every_length(name, tmp_path):
    net = network(name)
    write_graph(net, tmp_path / "model.onnx")
    assert largest_difference(net, tmp_path / "model.onnx") < 1e-5


@pytest.mark.parametrize("name", ["tiny-bert", "tiny-mpnet", "tiny-deberta", "tiny-modernbert"])
@pytest.mark.parametrize("what", ["prefix", "prompt", "encoded prompt"])
def test_what_was_learned_before_the_text_is_in_the_graph(name, what, tmp_path):
    net = network(name, what, "mean")
    write_graph(net, tmp_path / "model.onnx")
    assert largest_difference(net, tmp_path / "model.onnx") < 1e-5


@pytest.mark.parametrize("name", TINY_ENCODERS)
@pytest.mark.parametrize("what", ["lora", "ia3"])
@torch.inference_mode()
def test_merged_adapters_leave_transformers_plain_model_and_the_same_logits(name, what):
    net = network(name, what)
    plain = merged(net)
    assert plain.model.state_dict().keys() == network(name).model.state_dict().keys()
    ids, lengths = torch.randint(5, 60, (3, 30)), torch.tensor([30, 12, 2])
    torch.testing.assert_close(plain(ids, lengths), net(ids, lengths), atol=2e-5, rtol=0)
    assert not torch.allclose(network(name)(ids, lengths), net(ids, lengths), atol=1e-3)


def test_the_graph_has_standard_operators_only_and_names_its_head(tmp_path):
    import onnx

    write_graph(network("tiny-mpnet"), tmp_path / "model.onnx")
    model = onnx.load(str(tmp_path / "model.onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert {opset.domain for opset in model.opset_import} == {""}
    products = [n for n in model.graph.node if n.op_type == "Gemm"]
    assert sum(n.name.startswith(HEAD) for n in products) == 2


def test_a_linear_layer_stands_in_for_the_head(tmp_path):
    net = network("tiny-bert", pooling="mean")
    linear = torch.nn.Linear(net.kind.width, 3)
    write_graph(net, tmp_path / "model.onnx", linear)
    ids = torch.randint(5, 60, (1, 17))
    with torch.inference_mode():
        ours = linear(torch.nn.functional.normalize(net.pooled(ids, torch.tensor([17])), dim=1)).numpy()
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"input_ids": ids.numpy()})[0], ours, atol=1e-5)

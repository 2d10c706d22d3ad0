import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
import torch  # noqa: E402

from conftest import TINY_ENCODERS, tiny_encoder  # noqa: E402
from valence.export import int8  # noqa: E402
from valence.export.int8 import exact_here, quantise  # noqa: E402
from valence.training.encoders import onnx as graphs  # noqa: E402
from valence.training.encoders.backbone import Backbone  # noqa: E402
from valence.training.encoders.network import EncoderNetwork  # noqa: E402


def graph(tmp_path, name="tiny-bert"):
    torch.manual_seed(0)
    net = EncoderNetwork(Backbone.find(str(tiny_encoder(name))).model(("bad", "good")), pooling="mean").eval()
    graphs.write_graph(net, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def logits(path, lengths=(2, 9, 50)):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    ids = [np.random.default_rng(n).integers(5, 60, (1, n)) for n in lengths]
    for row in ids:
        row[0, 0] = 0
    return np.concatenate([session.run(None, {"input_ids": row})[0] for row in ids])


def products(path):
    nodes = onnx.load(str(path)).graph.node
    return [n for n in nodes if n.op_type == "MatMulInteger"], [n for n in nodes if n.op_type in {"MatMul", "Gemm"}]


@pytest.mark.parametrize("name", TINY_ENCODERS)
def test_eight_bits_stay_near_on_every_architecture(name, tmp_path):
    path = graph(tmp_path, name)
    quantise(path, tmp_path / "int8.onnx", bits=8 if exact_here() else 7)
    np.testing.assert_allclose(logits(tmp_path / "int8.onnx"), logits(path), atol=0.1)
    eight, _ = products(tmp_path / "int8.onnx")
    layers, matrices = (3, 4) if name == "tiny-modernbert" else (2, 6)
    assert len(eight) >= 2 * layers * matrices
    assert all("_first" in n.name or "_others" in n.name for n in eight)


def test_the_head_stays_exact(tmp_path):
    assert int8.HEAD == graphs.HEAD
    quantise(graph(tmp_path), tmp_path / "int8.onnx")
    eight, full = products(tmp_path / "int8.onnx")
    assert not [n for n in eight if n.name.startswith(int8.HEAD)]
    assert len([n for n in full if n.name.startswith(int8.HEAD)]) == 2


def test_a_first_row_of_large_numbers_spoils_no_other_row(tmp_path):
    rng = np.random.default_rng(0)
    states, weights = rng.normal(size=(1, 30, 64)).astype(np.float32), rng.normal(size=(64, 64)).astype(np.float32)
    states[0, 0] *= 100
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    ends = [make.make_tensor_value_info(name, kind, [1, "time", 64]) for name in ("states", "out")]
    node = make.make_node("MatMul", ["states", "weights"], ["out"], name="product")
    body = make.make_graph([node], "one product", ends[:1], ends[1:], [onnx.numpy_helper.from_array(weights, "weights")])
    onnx.save(make.make_model(body, opset_imports=[make.make_opsetid("", 17)], ir_version=8), str(tmp_path / "model.onnx"))
    wrong = {}
    for apart in (True, False):
        quantise(tmp_path / "model.onnx", tmp_path / f"{apart}.onnx", bits=8 if exact_here() else 7, apart=apart)
        session = onnxruntime.InferenceSession(str(tmp_path / f"{apart}.onnx"), providers=["CPUExecutionProvider"])
        wrong[apart] = np.abs(session.run(None, {"states": states})[0] - states @ weights)[0, 1:].mean()
    assert wrong[True] < 0.15
    assert wrong[False] > 10 * wrong[True]


def test_a_text_of_one_token_is_read_where_rows_stay_together(tmp_path):
    path = graph(tmp_path)
    quantise(path, tmp_path / "int8.onnx", apart=False)
    np.testing.assert_allclose(logits(tmp_path / "int8.onnx", (1,)), logits(path, (1,)), atol=0.1)


def test_seven_bits_keep_weights_within_sixty_four(tmp_path):
    quantise(graph(tmp_path), tmp_path / "int8.onnx", bits=7)
    weights = [onnx.numpy_helper.to_array(t) for t in onnx.load(str(tmp_path / "int8.onnx")).graph.initializer if t.data_type == 3]
    assert weights
    assert max(np.abs(w.astype(int)).max() for w in weights) <= 64

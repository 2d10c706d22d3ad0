import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
import torch  # noqa: E402

from conftest import TINY_ENCODERS, tiny_encoder  # noqa: E402
from valence.export import int8  # noqa: E402
from valence.export.int8 import exact_here, quantise, quantise_best  # noqa: E402
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
    quantise(path, tmp_path / "int8.onnx", bits=8 if exact_here() else 7, rows="largest")
    np.testing.assert_allclose(logits(tmp_path / "int8.onnx"), logits(path), atol=0.1)
    eight, _ = products(tmp_path / "int8.onnx")
    layers, matrices = (3, 4) if name == "tiny-modernbert" else (2, 6)
    assert len(eight) >= 2 * layers * matrices
    assert all("_apart" in n.name or "_others" in n.name for n in eight)


def test_the_head_stays_exact(tmp_path):
    assert int8.HEAD == graphs.HEAD
    quantise(graph(tmp_path), tmp_path / "int8.onnx")
    eight, full = products(tmp_path / "int8.onnx")
    assert not [n for n in eight if n.name.startswith(int8.HEAD)]
    assert len([n for n in full if n.name.startswith(int8.HEAD)]) == 2


WEIGHTS = np.random.default_rng(1).normal(size=(64, 96)).astype(np.float32)


def one_product(path):
    """Write a graph of one product with WEIGHTS, shaped as a feed-forward part's first."""
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    ends = [make.make_tensor_value_info(name, kind, [1, "time", width]) for name, width in (("input_ids", 64), ("out", 96))]
    node = make.make_node("MatMul", ["input_ids", "weights"], ["out"], name="product")
    body = make.make_graph([node], "one product", ends[:1], ends[1:], [onnx.numpy_helper.from_array(WEIGHTS, "weights")])
    onnx.save(make.make_model(body, opset_imports=[make.make_opsetid("", 17)], ir_version=8), str(path))


def states(large):
    """Return 64 rows of which those at `large` hold a hundred times larger numbers."""
    found = np.random.default_rng(0).normal(size=(1, 64, 64)).astype(np.float32)
    found[0, large] *= 100
    return found


@pytest.mark.parametrize(("large", "enough", "not_enough"), [([0], "first", "together"), ([3, 17, 40], "largest", "first")])
def test_rows_of_large_numbers_spoil_no_other_row(large, enough, not_enough, tmp_path):
    one_product(tmp_path / "model.onnx")
    others, wrong = np.delete(np.arange(64), large), {}
    for rows in (enough, not_enough):
        quantise(tmp_path / "model.onnx", tmp_path / f"{rows}.onnx", bits=8 if exact_here() else 7, rows=rows)
        session = onnxruntime.InferenceSession(str(tmp_path / f"{rows}.onnx"), providers=["CPUExecutionProvider"])
        found = session.run(None, {"input_ids": states(large)})[0]
        np.testing.assert_allclose(found[0, large], (states(large) @ WEIGHTS)[0, large], atol=60)  # of 800
        wrong[rows] = np.abs(found - states(large) @ WEIGHTS)[0, others]
        wrong[rows] = np.median(wrong[rows])  # a few small rows are sorted among the large
    assert wrong[enough] < 0.15
    assert wrong[not_enough] > 10 * wrong[enough]


@pytest.mark.parametrize(("large", "best"), [([0], "first"), ([3, 17, 40], "largest")])
def test_rows_are_sorted_only_where_it_pays(large, best, tmp_path):
    one_product(tmp_path / "model.onnx")
    assert quantise_best(tmp_path / "model.onnx", tmp_path / "int8.onnx", [states(large)], bits=8 if exact_here() else 7) == best


def test_a_text_of_one_token_is_read_where_rows_stay_together(tmp_path):
    path = graph(tmp_path)
    quantise(path, tmp_path / "int8.onnx", rows="together")
    np.testing.assert_allclose(logits(tmp_path / "int8.onnx", (1,)), logits(path, (1,)), atol=0.1)


def test_seven_bits_keep_weights_within_sixty_four(tmp_path):
    quantise(graph(tmp_path), tmp_path / "int8.onnx", bits=7)
    weights = [onnx.numpy_helper.to_array(t) for t in onnx.load(str(tmp_path / "int8.onnx")).graph.initializer if t.data_type == 3]
    assert weights
    assert max(np.abs(w.astype(int)).max() for w in weights) <= 64

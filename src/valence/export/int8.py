"""Eight-bit weights, and activations that are rounded to eight bits text by text.

ONNX Runtime scales a matrix of activations by its largest number. In encoders a few tokens have numbers many
times as large as all others; beside them the other rows would be left with a few of their 256 steps (`rows.py`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from valence.errors import MissingPackage
from valence.export.classifier import MODEL, open_session
from valence.export.rows import Rows, set_apart

if TYPE_CHECKING:
    from onnx import GraphProto

HEAD = "/head/"
"""What the names of the head's nodes begin with; as in `valence.training.encoders.onnx`, which imports torch."""
MUCH = 1.5
"""Sorting has to divide the error by this much."""


def quantise(path: Path, out: Path, *, bits: int = 8, rows: Rows = "first") -> None:
    """Write the graph `path` as `out` with its layers' matrices in eight bits, a scale for each column.

    Args:
        path: a graph over (1, time) token ids; its time is 2 or more unless `rows` stay together.
        out: the file to write.
        bits: 8, or 7 for processors that cannot add 8-bit products without overflow (`exact_here`).
        rows: which are multiplied apart.

    Raises:
        MissingPackage: onnx or onnxruntime is not installed.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.onnx_model import ONNXModel
        from onnxruntime.quantization.quant_utils import add_pre_process_metadata
    except ImportError as error:
        raise MissingPackage("onnx and onnxruntime", "onnx", "An int8 export") from error
    model = onnx.load(str(path))
    wrapped = ONNXModel(model)
    _share(wrapped.model.graph)
    wrapped.replace_gemm_with_matmul()
    chosen = _layers(wrapped.model.graph)
    if rows != "together":
        chosen = set_apart(wrapped.model.graph, chosen, rows)
    add_pre_process_metadata(wrapped.model)  # else it advises a step that our graph does not need
    with tempfile.TemporaryDirectory() as folder:
        between = Path(folder) / MODEL
        onnx.save(wrapped.model, str(between))
        quantize_dynamic(
            str(between),
            str(out),
            op_types_to_quantize=["MatMul"],
            nodes_to_quantize=chosen,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=bits == 7,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def _share(graph: GraphProto) -> None:
    """Let every product read its weights themselves, not a copy that a node makes of them, as the exporter leaves shared ones."""
    weights = {tensor.name for tensor in graph.initializer}
    same: dict[str, str] = {}
    for node in graph.node:
        if node.op_type == "Identity" and same.get(node.input[0], node.input[0]) in weights:
            same[node.output[0]] = same.get(node.input[0], node.input[0])
        else:
            node.input[:] = [same.get(name, name) for name in node.input]
    kept = [node for node in graph.node if node.output[0] not in same]
    del graph.node[:]
    graph.node.extend(kept)


def _layers(graph: GraphProto) -> list[str]:
    """Return the names of the products of all tokens' states with a matrix of weights, the head's left out."""
    weights = {tensor.name for tensor in graph.initializer}
    of_text, chosen = {value.name for value in graph.input}, []
    for node in graph.node:
        if not of_text & set(node.input):  # DeBERTa's distances are the same for every text
            continue
        of_text |= set(node.output)
        if node.op_type == "MatMul" and node.input[1] in weights and not node.name.startswith(HEAD):
            chosen.append(node.name)
    return chosen


def quantise_best(path: Path, out: Path, texts: Sequence[NDArray[np.int64]], *, bits: int = 8) -> Rows:
    """Quantise with the first row apart, or, where that is much nearer to the 32-bit graph, with the largest; return which.

    Args:
        path: as in `quantise`.
        out: as in `quantise`.
        texts: (1, time) token ids each, like those that will be read.
        bits: as in `quantise`.
    """
    exact = _logits(path, texts)
    found: dict[Rows, float] = {}
    for rows in ("largest", "first"):
        quantise(path, out, bits=bits, rows=rows)
        found[rows] = float(np.abs(_logits(out, texts) - exact).mean())
    if found["first"] <= MUCH * found["largest"]:  # sorting costs a tenth of the time
        return "first"
    quantise(path, out, bits=bits, rows="largest")
    return "largest"


def _logits(path: Path, texts: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    session = open_session(path)
    return np.concatenate([session.run(None, {"input_ids": ids})[0] for ids in texts])


def exact_here() -> bool:
    """Return whether this processor adds up products of eight-bit numbers without overflow, as all with VNNI and all ARM do.

    Others add neighbouring products in 16 bits, and stop at the largest: seven-bit weights are exact there too.
    """
    import onnx
    import onnxruntime

    helper, kinds = onnx.helper, onnx.TensorProto
    node = helper.make_node("MatMulInteger", ["a", "b"], ["y"])
    ends = [helper.make_tensor_value_info("a", kinds.UINT8, [8, 64]), helper.make_tensor_value_info("y", kinds.INT32, [8, 64])]
    graph = helper.make_graph([node], "exact", ends[:1], ends[1:], [onnx.numpy_helper.from_array(np.full((64, 64), 127, np.int8), "b")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    product = session.run(None, {"a": np.full((8, 64), 255, np.uint8)})[0]
    return bool((product == 64 * 255 * 127).all())


__all__ = ["exact_here", "quantise", "quantise_best"]

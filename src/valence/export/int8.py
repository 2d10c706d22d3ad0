"""Eight-bit weights, and activations that are rounded to eight bits text by text.

ONNX Runtime scales a matrix of activations by its largest number. In encoders that number is nearly always in the first
token's row, several times as large as any other (Sun et al., 2024, arXiv:2402.17762, "massive activations"), so that all other
rows would be left with a few of their 256 steps. The first row is therefore multiplied apart from the others.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from valence.errors import MissingPackage
from valence.export.classifier import MODEL

if TYPE_CHECKING:
    from onnx import GraphProto

HEAD = "/head/"
"""What the names of the head's nodes begin with; as in `valence.training.encoders.onnx`, which imports torch."""
PARTS = {"first": ("cut_at_0", "cut_at_1"), "others": ("cut_at_1", "cut_at_end")}
"""Rows from and to."""


def quantise(path: Path, out: Path, *, bits: int = 8, apart: bool = True) -> None:
    """Write the graph `path` as `out` with its layers' matrices in eight bits, a scale for each column.

    Args:
        path: a graph over (1, time) token ids; its time is 2 or more if `apart`.
        out: the file to write.
        bits: 8, or 7 for processors that cannot add 8-bit products without overflow (`exact_here`).
        apart: multiply the first token's row apart.

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
    if apart:
        chosen = _set_apart(wrapped.model.graph, chosen)
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


def _set_apart(graph: GraphProto, chosen: list[str]) -> list[str]:
    """Cut each chosen product into that of the first row and that of the others; return the names of both."""
    import onnx

    cuts = {"cut_at_0": 0, "cut_at_1": 1, "cut_at_end": 2**62, "cut_rows": -2}
    graph.initializer.extend(onnx.numpy_helper.from_array(np.array([value]), name) for name, value in cuts.items())
    nodes, names, cut = [], [], set[str]()
    for node in graph.node:
        if node.name not in chosen:
            nodes.append(node)
            continue
        states, weights = node.input
        if states not in cut:  # queries, keys and values read the same
            cut.add(states)
            nodes += [onnx.helper.make_node("Slice", [states, *rows, "cut_rows"], [f"{states}_{part}"]) for part, rows in PARTS.items()]
        for part in PARTS:
            names.append(f"{node.name}_{part}")
            product = [f"{node.output[0]}_{part}"]
            nodes.append(onnx.helper.make_node("MatMul", [f"{states}_{part}", weights], product, name=names[-1]))
        products = [f"{node.output[0]}_{part}" for part in PARTS]
        nodes.append(onnx.helper.make_node("Concat", products, list(node.output), axis=-2))
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    return names


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


__all__ = ["exact_here", "quantise"]

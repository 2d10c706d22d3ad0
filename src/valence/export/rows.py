"""Rows of activations that are multiplied apart, so that their size does not coarsen the others.

A few tokens hold far larger numbers than all others (Sun et al., 2024, arXiv:2402.17762, "massive activations"): in MiniLM it is
the first token, up to five times the rest; in MPNet up to a dozen anywhere in a text, up to forty times, in the states that enter
the feed-forward matrices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

Rows = Literal["together", "first", "largest"]
"""Which rows are multiplied apart: none; the first; the first, and before the feed-forward matrices the largest."""

PARTS = {"apart": ("at_0", "at_1"), "others": ("at_1", "at_end")}
"""Rows from and to."""
SHARE = 16
"""One row in so many, and one more, counts as large."""


def set_apart(graph: GraphProto, chosen: list[str], rows: Rows) -> list[str]:
    """Cut each chosen product into that of the rows apart and that of the others.

    Args:
        graph: changed in place.
        chosen: names of products of (..., time, width) states with weights.
        rows: which rows are apart.

    Returns:
        The names of all parts.
    """
    import onnx

    numbers = {"at_0": 0, "at_1": 1, "at_end": 2**62, "rows": -2, "all": -1, "share": SHARE, "axis": 0}
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}
    graph.initializer.extend(onnx.numpy_helper.from_array(np.array([value]), name) for name, value in numbers.items())
    nodes, names, cut = [], [], set[str]()
    for node in graph.node:
        if node.name not in chosen:
            nodes.append(node)
            continue
        states, weights = node.input
        # only the feed-forward part's matrices, and joint projections, are not square
        by_size = rows == "largest" and len(set(shapes[weights])) > 1
        if states not in cut:  # queries, keys and values read the same
            cut.add(states)
            nodes += _sort(states) if by_size else _slice(states)
        for part in PARTS:
            names.append(f"{node.name}_{part}")
            nodes.append(_node("MatMul", [f"{states}_{part}", weights], f"{node.output[0]}_{part}", name=names[-1]))
        products, out = [f"{node.output[0]}_{part}" for part in PARTS], node.output[0]
        nodes.append(_node("Concat", products, f"{out}_sorted" if by_size else out, axis=-2))
        if by_size:
            nodes.append(_node("Gather", [f"{out}_sorted", f"{states}_back"], out, axis=-2))
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    return names


def _node(operator: str, inputs: list[str], *outputs: str, **settings: Any) -> NodeProto:  # noqa: ANN401 - attributes have each their own type
    import onnx

    return onnx.helper.make_node(operator, inputs, outputs, **settings)


def _slice(states: str) -> list[NodeProto]:
    """Take the first row apart."""
    return [_node("Slice", [states, *ends, "rows"], f"{states}_{part}") for part, ends in PARTS.items()]


def _sort(states: str) -> list[NodeProto]:
    """Take the rows of the largest norms apart, and keep the way back to their places."""
    norms, time, order, large = (f"{states}_{what}" for what in ("norms", "time", "order", "large"))
    sort = {"axis": 0, "sorted": 1}
    found = [
        _node("ReduceSumSquare", [states], f"{norms}_2d", axes=[-1], keepdims=0),
        _node("Reshape", [f"{norms}_2d", "all"], norms),
        _node("Shape", [norms], time),
        _node("TopK", [norms, time], f"{norms}_sorted", order, largest=1, **sort),
        _node("TopK", [order, time], f"{order}_sorted", f"{states}_back", largest=0, **sort),
        _node("Div", [time, "share"], f"{large}_more"),
        _node("Add", [f"{large}_more", "at_1"], large),
    ]
    for part, (start, end) in {"apart": ("at_0", large), "others": (large, "at_end")}.items():
        found.append(_node("Slice", [order, start, end, "axis"], f"{order}_{part}"))
        found.append(_node("Gather", [states, f"{order}_{part}"], f"{states}_{part}", axis=-2))
    return found


__all__ = ["Rows", "set_apart"]

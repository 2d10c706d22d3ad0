"""An encoder as an ONNX graph that reads one text: nothing is padded, so that no neighbour can move an answer.

The graph is our own way through the architecture's modules (`kinds/`), so that prompts and prefixes are in it too.
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from valence.training.encoders.attention import Memory
from valence.training.encoders.layout import Layout, Part
from valence.training.encoders.network import EncoderNetwork

INPUT, OUTPUT = "input_ids", "logits"
HEAD = "/head/"
"""What the names of the head's nodes begin with."""
OPSET = 17
"""The first with LayerNormalization as one operator; ONNX Runtime reads it since 1.12 (2022)."""
TRACED = 40
"""Tokens of the text that is followed through the network; the graph takes any number."""


class _WholePart(Part):
    """The only text, as a rectangle of its own."""

    longest: int = 0
    """Tokens of the text; in the graph a value, not a number."""

    def __init__(self, time: int) -> None:
        nothing = {"lengths": np.zeros(0, dtype=np.int64), "place": torch.zeros(0), "inside": None}
        for name, value in {"tokens": slice(None), "longest": time, **nothing}.items():
            object.__setattr__(self, name, value)

    def pad(self, packed: Tensor) -> Tensor:
        """Turn (tokens, heads, size) into (1, heads, tokens, size)."""
        # reshaped to the length it has: the exporter would otherwise take the traced text's length for a constant
        return packed.reshape(self.longest, *packed.shape[1:]).transpose(0, 1)[None]

    def unpad(self, padded: Tensor) -> Tensor:
        """Turn it back."""
        return padded[0].transpose(0, 1)


class OneText(Layout):
    """The layout of a single text whose length is only known when the graph runs."""

    def __init__(self, tokens: int, device: torch.device, virtual: int = 0) -> None:
        super().__init__(np.zeros(0, dtype=np.int64), device, virtual)
        order = torch.arange(tokens, device=device)
        known = {"longest": tokens, "order": order, "positions": (order - virtual).clamp(min=0), "parts": [_WholePart(tokens)]}
        self.__dict__.update(known)  # in the places of the cached properties


class Head(nn.Module):
    """(1, width) pooled states to (1, labels) logits; a module, so that the graph's nodes say by their names what is head."""

    def __init__(self, network: EncoderNetwork, linear: nn.Linear | None) -> None:
        super().__init__()
        self.kind = network.kind
        self.linear = linear

    def forward(self, pooled: Tensor) -> Tensor:
        """Return (1, labels) logits."""
        if self.linear is None:
            return self.kind.classify(self.kind.represent(pooled))
        logits: Tensor = self.linear(nn.functional.normalize(pooled, dim=1))
        return logits


class TextGraph(nn.Module):
    """(1, time) token ids to (1, labels) logits."""

    def __init__(self, network: EncoderNetwork, linear: nn.Linear | None = None) -> None:
        """Read by `network`; with `linear`, it classifies pooled states of length 1 in the place of the network's head."""
        super().__init__()
        self.network = network
        self.head = Head(network, linear)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return (1, labels) logits of (1, time) int64 token ids, special tokens among them."""
        logits: Tensor = self.head(self._pooled(input_ids[0]))
        return logits

    def _pooled(self, ids: Tensor) -> Tensor:
        network, kind = self.network, self.network.kind
        words, virtual = kind.words(ids), 0
        if network.prompt is not None:
            prompt = network.prompt()
            words, virtual = torch.cat([prompt, words]), len(prompt)
        layout = OneText(words.shape[0], words.device, virtual)
        hidden = kind.embed(words, layout)
        shared = kind.prepare(hidden, layout)
        memories: list[Memory] | list[None] = network.prefix() if network.prefix is not None else [None] * kind.depth
        for index, memory in enumerate(memories):
            hidden = kind.layer(index, hidden, layout, memory, shared)
        own = kind.finish(hidden)[virtual:]
        return own[:1] if network.pooling == "first" else own.mean(dim=0, keepdim=True)


def write_graph(network: EncoderNetwork, path: Path, linear: nn.Linear | None = None) -> None:
    """Write the network as `path`, an ONNX file of standard operators with one axis, time, of any length.

    Args:
        network: on the CPU, its adapters merged (`merged`).
        path: the file; weights lie in it.
        linear: classifies pooled states of length 1 in the place of the network's head.
    """
    graph = TextGraph(network, linear).eval()
    ids = torch.zeros((1, TRACED), dtype=torch.int64)
    names: dict[str, Any] = {"input_names": [INPUT], "output_names": [OUTPUT], "dynamic_axes": {INPUT: {1: "time"}}}
    with torch.no_grad(), warnings.catch_warnings():
        # traced lengths are values by design, and the tracing exporter, ten times as quick as its successor, is called legacy
        warnings.simplefilter("ignore")
        torch.onnx.export(graph, (ids,), str(path), opset_version=OPSET, dynamo=False, **names)


def merged(network: EncoderNetwork) -> EncoderNetwork:
    """Return a copy on the CPU whose LoRA updates and (IA)3 factors are part of the matrices they adapted."""
    found = copy.deepcopy(network).cpu().eval()
    try:
        from peft.tuners.tuners_utils import BaseTunerLayer
    except ImportError:  # then nothing is adapted
        return found
    for parent in list(found.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, BaseTunerLayer):
                module.merge()
                setattr(parent, name, module.get_base_layer())
    return found


__all__ = ["HEAD", "INPUT", "OUTPUT", "Head", "OneText", "TextGraph", "merged", "write_graph"]

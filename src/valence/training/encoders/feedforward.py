"""The feed-forward part of BERT's layers; without gradients, in 16 bits on a GPU, its GELU is done by the product before it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers.activations import GELUActivation


def fed_forward(layer: Any, attended: Tensor) -> Tensor:  # noqa: ANN401 - transformers' layers are untyped
    """Carry (..., width) states through a layer's `intermediate` and `output`.

    Where nothing is learned, cuBLAS writes the widened states once, behind their GELU, in Hendrycks and Gimpel's form by tanh
    (2016, arXiv:1606.08415): at most .0005 from the exact one, a sixteenth of a step of bfloat16 at 1.
    """
    dense, activation = layer.intermediate.dense, layer.intermediate.intermediate_act_fn
    # an adapter in the place of the matrix is no nn.Linear
    joins = type(dense) is nn.Linear and type(activation) is GELUActivation and dense.bias is not None
    if joins and attended.device.type == "cuda" and not torch.is_grad_enabled() and attended.dtype in {torch.bfloat16, torch.float16}:
        widened = gelu_linear(attended.flatten(0, -2), dense.weight.to(attended.dtype), dense.bias.to(attended.dtype))
        widened = widened.view(*attended.shape[:-1], -1)
    else:
        widened = layer.intermediate(attended)
    found: Tensor = layer.output(widened, attended)
    return found


# as an operator of its own, so that a compiler leaves it whole
@torch.library.custom_op("valence::gelu_linear", mutates_args=())
def gelu_linear(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return (tokens, inner), GELU of `rows` (tokens, width) times `weight` (inner, width) plus `bias`; on a GPU in its form by tanh."""
    return torch._addmm_activation(bias, rows, weight.t(), use_gelu=True)


@gelu_linear.register_fake
def _(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    # not len(): it would tie a compiled layer to this very number of tokens
    return rows.new_empty(rows.shape[0], weight.shape[0])


__all__ = ["fed_forward", "gelu_linear"]

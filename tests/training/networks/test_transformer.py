"""The encoder against torch's own."""

import math

import pytest
import torch
from torch import nn

from valence.training.networks.transformer import EncoderLayer, TransformerNetwork, attend, positions
from valence.training.networks.words import WordEmbedding


def test_positions_are_the_sines_and_cosines_of_the_paper():
    table = positions(5, 4)
    assert table[0].tolist() == [0, 1, 0, 1]
    expected = [math.sin(3), math.cos(3), math.sin(3 / 100), math.cos(3 / 100)]
    torch.testing.assert_close(table[3], torch.tensor(expected))


def test_a_layer_is_torch_s_own_with_the_same_weights():
    torch.manual_seed(0)
    ours = EncoderLayer(8, 2, 16, 0.0).double()
    theirs = nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True).double()
    pairs = {
        "self_attn.in_proj_weight": ours.project.weight,
        "self_attn.in_proj_bias": ours.project.bias,
        "self_attn.out_proj.weight": ours.merge.weight,
        "self_attn.out_proj.bias": ours.merge.bias,
        "linear1.weight": ours.widen.weight,
        "linear1.bias": ours.widen.bias,
        "linear2.weight": ours.narrow.weight,
        "linear2.bias": ours.narrow.bias,
        "norm1.weight": ours.attention_norm.weight,
        "norm1.bias": ours.attention_norm.bias,
        "norm2.weight": ours.dense_norm.weight,
        "norm2.bias": ours.dense_norm.bias,
    }
    theirs.load_state_dict({k: v.detach() for k, v in pairs.items()})
    states = torch.randn(2, 5, 8, dtype=torch.float64)
    inside = torch.tensor([[True] * 5, [True, True, True, False, False]])
    expected = theirs(states, src_key_padding_mask=~inside)
    torch.testing.assert_close(ours(states, inside)[inside], expected[inside])


@pytest.mark.parametrize("width", [6, 10])
def test_a_width_the_heads_cannot_share_is_refused(width):
    from pydantic import ValidationError

    from valence.methods.transformer import Transformer

    with pytest.raises(ValidationError, match=f"width {width} cannot be shared by 2 heads"):
        Transformer(width=width, heads=2)


def test_attention_is_torch_s_own_for_short_and_long_texts():
    torch.manual_seed(0)
    for time in (5, 300):
        query, key, value = torch.randn(3, 2, 2, time, 4)
        inside = torch.arange(time) < torch.tensor([[time], [3]])
        expected = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=inside[:, None, None])
        torch.testing.assert_close(attend(query, key, value, inside), expected, atol=1e-6, rtol=1e-5)


def test_words_see_their_own_piece_only():
    torch.manual_seed(0)
    shape = {"width": 8, "layers": 2, "heads": 2, "hidden": 12, "layer_dropout": 0.0, "dropout": 0.0}
    network = TransformerNetwork(WordEmbedding(torch.randn(20, 6)), 2, **shape, piece=3).eval()
    states = []
    network.norm.register_forward_hook(lambda module, inputs, output: states.append(output))
    tokens = torch.tensor([[4, 5, 6, 7, 8, 9, 10]])
    changed = tokens.clone()
    changed[0, 4] = 15
    for text in (tokens, changed):
        network(text, torch.tensor([7]))
    moved = (states[0] - states[1]).abs().sum(dim=2).flatten() > 1e-6
    assert moved.tolist() == [False] * 3 + [True] * 3 + [False] * 3

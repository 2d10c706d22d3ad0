"""Recurrent layers run over time, in both directions, over a text's own words."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from valence.training.networks.recurrent import Bidirectional, RecurrentReader, chop

LENGTHS = torch.tensor([2, 7, 1, 5])
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture
def vectors():
    return torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def inside():
    return torch.arange(7) < LENGTHS[:, None]


def reference(layer, vectors, lengths):
    packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(layer.cell(packed)[0], batch_first=True, total_length=vectors.shape[1])[0]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("device", [pytest.param("cuda", marks=[pytest.mark.gpu, on_gpu]), "cpu"])
def test_states_and_gradients_are_those_of_torch_s_packed_sequences(cell, device, vectors):
    torch.manual_seed(0)
    layer = Bidirectional(cell, 3, 4).to(device)
    found = []
    for run in (layer, lambda words, lengths: reference(layer, words, lengths)):
        layer.zero_grad()
        words = vectors.float().to(device).requires_grad_()
        states = run(words, LENGTHS) * inside().to(device)[..., None]
        states.square().sum().backward()
        found.append([states, words.grad, *(p.grad for p in layer.parameters())])
    for own, expected in zip(*found, strict=True):
        torch.testing.assert_close(own, expected, atol=1e-5 if device == "cpu" else 1e-3, rtol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_lengths_may_lie_on_the_device_and_a_rectangle_may_be_too_large(cell, vectors):
    torch.manual_seed(0)
    reader = RecurrentReader(cell, 3, 4, layers=2).double().eval()
    larger = torch.zeros(6, 12, 3, dtype=torch.float64)
    larger[:4, :7] = vectors
    states = reader(larger, torch.cat([LENGTHS, torch.ones(2, dtype=torch.int64)]))
    torch.testing.assert_close(states[:4, :7][inside()], reader(vectors, LENGTHS)[inside()], atol=1e-12, rtol=0)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_lies_behind_a_text_moves_nothing_whatever_it_holds(cell, vectors):
    torch.manual_seed(0)
    layer = Bidirectional(cell, 3, 4)
    words = vectors.float()
    loud = torch.where(inside()[..., None], words, 50.0)
    assert torch.equal(layer(loud, LENGTHS)[inside()], layer(words, LENGTHS)[inside()])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_is_the_recurrence_worked_step_by_step(cell, vectors):
    torch.manual_seed(0)
    layer = Bidirectional(cell, 3, 4).double()
    w, u, b, c = (getattr(layer.cell, f"{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    text, h, memory = vectors[1], torch.zeros(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    expected = []
    for x in text:
        if cell == "lstm":
            i, f, g, o = (w @ x + b + u @ h + c).chunk(4)
            memory = f.sigmoid() * memory + i.sigmoid() * g.tanh()
            h = o.sigmoid() * memory.tanh()
        else:
            (r, z, n), (hr, hz, hn) = (w @ x + b).chunk(3), (u @ h + c).chunk(3)
            z = (z + hz).sigmoid()
            h = (1 - z) * (n + (r + hr).sigmoid() * hn).tanh() + z * h
        expected.append(h)
    torch.testing.assert_close(layer(vectors, LENGTHS)[1, :, :4], torch.stack(expected))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_runs_over_time_and_not_over_the_features(cell, vectors):
    # the seed's CNN-LSTM ran over its 128 filters
    torch.manual_seed(0)
    layer = Bidirectional(cell, 3, 4).double()
    full = torch.full((4,), 7)
    states = layer(vectors, full)
    changed = vectors.clone()
    changed[:, 4] += 1
    moved = (layer(changed, full) - states).abs().sum(dim=(0, 2)) > 1e-12
    assert states.shape == (4, 7, 8), "one state for each word"
    assert moved.all(), "both directions together carry a word to every place"
    forward = (layer(changed, full) - states)[..., :4].abs().sum(dim=(0, 2)) > 1e-12
    assert forward.tolist() == [False] * 4 + [True] * 3
    assert not torch.allclose(layer(vectors.flip(1), full).flip(1), states, atol=1e-3), "order counts"


def test_a_text_is_cut_into_pieces_in_order(vectors):
    pieces, lengths = chop(vectors, LENGTHS, 3)
    assert pieces.shape == (12, 3, 3)
    assert torch.equal(pieces.view(4, 9, 3)[:, :7], vectors)
    assert lengths.tolist() == [2, 1, 1, 3, 3, 1, 1, 1, 1, 3, 2, 1]


def test_pieces_are_read_as_texts_of_their_own(vectors):
    torch.manual_seed(0)
    reader = RecurrentReader("lstm", 3, 4, piece=3).double()
    states = reader(vectors, LENGTHS)
    alone = reader.layers[0](vectors[1:2, 3:6], torch.tensor([3]))
    torch.testing.assert_close(states[1, 3:6], alone[0])
    last = reader.layers[0](vectors[3:4, 3:5], torch.tensor([2]))
    torch.testing.assert_close(states[3, 3:5], last[0])


def test_layers_are_stacked(vectors):
    reader = RecurrentReader("gru", 3, 4, layers=2, dropout=0.5).double().eval()
    first, second = reader.layers
    torch.testing.assert_close(reader(vectors, LENGTHS), second(first(vectors, LENGTHS), LENGTHS))


def test_forget_gates_start_open():
    layer = Bidirectional("lstm", 3, 4)
    for suffix in ("", "_reverse"):
        assert (getattr(layer.cell, f"bias_ih_l0{suffix}")[4:8] == 1).all()

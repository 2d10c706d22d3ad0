import subprocess
import sys

import numpy as np
import pytest
import torch

from valence.training.encoders.kernels import relative

GPU = torch.cuda.is_available()

LENGTHS = [(1,), (3, 1, 70), (64, 65, 17), (130, 2), (9, 2, 70, 1, 5, 8, 3, 1, 66)]
HEADS, SIZE = 2, 16
TERMS = ["none", "table", "as_keys", "as_queries", "both"]


def given(lengths, terms, seed=0):
    """Return float32 inputs on the CPU, offsets, and the terms by name."""
    rng = torch.Generator().manual_seed(seed)
    tokens, width = sum(lengths), relative.width_for(max(lengths))
    rows = [torch.randn(tokens, HEADS, SIZE, generator=rng) for _ in range(3)]
    offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    names = {"none": (), "both": ("as_keys", "as_queries")}.get(terms, (terms,))
    shape = {"table": (HEADS, width), "as_keys": (width, HEADS, SIZE), "as_queries": (width, HEADS, SIZE)}
    return rows, offsets, {name: torch.randn(*shape[name], generator=rng) for name in names}


def written_out(rows, offsets, scale, table=None, as_keys=None, as_queries=None):
    """Attention text by text, every score written out."""
    outs = []
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        q, k, v = (x[start:end].transpose(0, 1) for x in rows)
        scores = q @ k.transpose(1, 2)
        at = torch.arange(end - start, device=q.device)
        distance = at[None] - at[:, None]
        if as_keys is not None:
            scores = scores + torch.einsum("hid,ijhd->hij", q, as_keys[distance + len(as_keys) // 2])
        if as_queries is not None:
            scores = scores + torch.einsum("hjd,ijhd->hij", k, as_queries[-distance + len(as_queries) // 2])
        scores = scores * scale
        if table is not None:
            scores = scores + table[:, distance + table.shape[1] // 2]
        outs.append((scores.softmax(-1) @ v).transpose(0, 1))
    return torch.cat(outs)


def both_ways(lengths, terms, device="cpu", dtype=torch.float32):
    """Return the outputs and gradients of the kernel in `dtype`, and of attention written out in float32."""
    found = []
    for ours in (True, False):
        rows, offsets, named = given(lengths, terms)
        kind = dtype if ours else torch.float32
        # both start from numbers that `dtype` can hold
        rows = [x.to(device, dtype).to(kind).requires_grad_() for x in rows]
        named = {n: x.to(device, torch.float32 if n == "table" else dtype).float().requires_grad_() for n, x in named.items()}
        if ours:
            out = relative.relative_attention(torch.stack(rows, dim=1), offsets.to(device), max(lengths), 0.2, **named)
        else:
            out = written_out(rows, offsets, 0.2, **named)
        torch.manual_seed(1)
        out.backward(torch.randn(out.shape).to(device, dtype).to(out.dtype))
        found.append([out.detach().float(), *(x.grad.float() for x in (*rows, *named.values()))])
    return found


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("terms", TERMS)
def test_outputs_and_gradients_are_those_of_attention_written_out(lengths, terms, interpreter):
    for ours, plain in zip(*both_ways(lengths, terms), strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="needs a CUDA device")
@pytest.mark.parametrize("lengths", [*LENGTHS, (512, 100, 301, 1), (1000, 3)], ids=str)
@pytest.mark.parametrize("terms", TERMS)
def test_outputs_and_gradients_in_bfloat16_are_those_of_attention_written_out(lengths, terms):
    for ours, plain in zip(*both_ways(lengths, terms, "cuda", torch.bfloat16), strict=True):
        # a text of one token has gradients of exactly zero, which 16 bits miss by a hair
        assert (ours - plain).norm() <= 0.02 * plain.norm() + 1e-5


@pytest.mark.gpu
@pytest.mark.skipif(not GPU, reason="needs a CUDA device")
@pytest.mark.parametrize("terms", ["table", "both"])
def test_gradients_have_the_same_bits_each_time(terms):
    first, second = (both_ways((512, 100, 301), terms, "cuda", torch.bfloat16)[0] for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(("longest", "width"), [(1, 256), (128, 256), (129, 512), (512, 1024)])
def test_a_width_holds_every_distance_of_whole_tiles(longest, width):
    assert relative.width_for(longest) == width


@pytest.mark.parametrize(("size", "fits"), [(8, False), (16, True), (48, False), (64, True), (128, True), (256, False)])
def test_heads_of_a_power_of_two_fit(size, fits):
    assert relative.fits(size) is fits


def test_importing_attention_imports_no_program():
    code = "import sys, valence.training.encoders.attention as a; sys.exit('valence.training.encoders.kernels.programs' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0

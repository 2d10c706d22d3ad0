"""Milliseconds of attention alone over packed reviews: our kernel by its terms and tiles, rectangles, variable length without terms.

    python benchmarks/encoders.py --kernel-only --tokens 16384 65536

12 heads of 64 numbers, bfloat16, batches of the real lengths. Rectangles: padded to the longest, scores through
`scaled_dot_product_attention` with a mask, as where there is no kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from valence.training.batching import Plan
from valence.training.encoders import attention
from valence.training.encoders.attention import attend, jointly
from valence.training.encoders.kernels import relative
from valence.training.encoders.kernels.relative import Tiles
from valence.training.encoders.kinds.deberta_v2 import Disentangled, places_of
from valence.training.encoders.kinds.mpnet import DistanceBias
from valence.training.encoders.layout import Layout

HEADS, SIZE, SPAN = 12, 64, 256
WAIT = 8_000_000
"""Cycles of the GPU, about four milliseconds."""
CANDIDATES = {
    "FORWARD": (Tiles(128, 64, 8, 2), Tiles(64, 64, 4, 2), Tiles(64, 64, 4, 3), Tiles(64, 128, 4, 2), Tiles(64, 32, 4, 3)),
    "QUERIES": (Tiles(64, 64, 4, 2), Tiles(64, 64, 4, 1), Tiles(64, 32, 4, 2), Tiles(64, 32, 4, 3), Tiles(128, 64, 8, 2)),
    "KEYS": (
        Tiles(64, 64, 4, 2),
        Tiles(64, 64, 4, 1),
        Tiles(64, 64, 4, 3),
        Tiles(64, 64, 8, 1),
        Tiles(32, 32, 4, 2),
        Tiles(128, 128, 8, 1),
    ),
    "DISTANCES": (Tiles(64, 64, 4, 2), Tiles(64, 64, 4, 1), Tiles(64, 64, 8, 2), Tiles(64, 64, 4, 3)),
    "TABLE": (Tiles(64, 64, 4, 2), Tiles(64, 64, 4, 1), Tiles(64, 64, 8, 2), Tiles(64, 64, 4, 3)),
}


def milliseconds(work: Callable[[], object], rounds: int = 15) -> float:
    """Return the least time of some rounds on the GPU, after three more: what others do on it in between does not count."""
    for _ in range(3):
        work()
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(2 * rounds)]
    for begin, end in zip(marks[::2], marks[1::2], strict=True):
        # the GPU waits until all is launched: only what it does is timed
        torch.cuda._sleep(WAIT)
        begin.record()
        work()
        end.record()
    torch.cuda.synchronize()
    return min(begin.elapsed_time(end) for begin, end in zip(marks[::2], marks[1::2], strict=True))


def both_directions(call: Callable[[], Tensor], inputs: list[Tensor]) -> tuple[float, float]:
    """Return milliseconds forward, and backward."""
    out = call()
    grad = torch.randn_like(out)
    with torch.no_grad():
        forward = milliseconds(call)
    return forward, milliseconds(lambda: torch.autograd.grad(out, inputs, grad, retain_graph=True))


def ways(layout: Layout, joint: Tensor, what: str) -> tuple[dict[str, Callable[[], Tensor]], list[Tensor]]:
    """Return the ways to attend with the terms of `what`, and all that gets a gradient."""
    q, k, v = joint.unbind(1)
    width, scale = relative.width_for(layout.longest), SIZE**-0.5
    make = {"device": q.device, "requires_grad": True}
    if what == "none":
        return {
            "ours": lambda: jointly(joint, layout.ends, scale),
            "varlen": lambda: attend(q, k, v, layout, scale=scale),
        }, [joint]
    if what == "mpnet":
        table = torch.randn(HEADS, width, **make)
        spread = DistanceBias(table, torch.bfloat16, layout.parts)
        inputs, terms, bias = [joint, table], spread.terms, spread
    else:
        embedded = [torch.randn(2 * SPAN, HEADS, SIZE, dtype=torch.bfloat16, **make) for _ in range(2)]
        distances = Disentangled(*embedded, places_of(width // 2, SPAN, 512).to(q.device), scale)
        inputs, terms, bias = [joint, *embedded], distances.terms, distances

    def rectangles() -> Tensor:
        with mock.patch.object(attention, "has_programs", return_value=False):
            return attention.attend(q, k, v, layout, scale=scale, bias=bias)

    return {"ours": lambda: jointly(joint, layout.ends, scale, terms), "rectangles": rectangles}, inputs


def products(device: torch.device, tokens: int) -> None:
    """Time a layer's matrix products: three projections against a joint one, forward and with both gradients; GELU apart and inside."""
    width, inner = HEADS * SIZE, 4 * HEADS * SIZE
    make = {"device": device, "dtype": torch.bfloat16}
    rows, wide = torch.randn(tokens, width, **make).requires_grad_(), torch.randn(tokens, inner, **make)
    shapes = {"three 768 x 768": [width] * 3, "768 x 2304": [3 * width], "768 x 3072": [inner]}
    for label, sizes in shapes.items():
        weights = [torch.randn(n, width, **make).requires_grad_() for n in sizes]
        outs = [F.linear(rows, w) for w in weights]
        grads = [torch.randn_like(o) for o in outs]
        forward = milliseconds(lambda weights=weights: [F.linear(rows, w) for w in weights])
        backward = milliseconds(lambda o=outs, w=weights, g=grads: torch.autograd.grad(o, [rows, *w], g, retain_graph=True))
        rate = 2e-9 * tokens * width * sum(sizes)
        print(
            f"{tokens:6} tokens, {label:16} {forward:.3f} ms forward ({rate / forward:.0f} TFLOP/s) {backward:.3f} ms backward", flush=True
        )
    print(f"{tokens:6} tokens, GELU of 3072     {milliseconds(lambda: F.gelu(wide)):.3f} ms", flush=True)
    bias, weight = torch.randn(inner, **make), torch.randn(width, inner, **make)
    with torch.no_grad():
        inside = milliseconds(lambda: torch._addmm_activation(bias, rows, weight, use_gelu=True))
    print(f"{tokens:6} tokens, 768 x 3072 with GELU (tanh) inside {inside:.3f} ms", flush=True)


def main(device: torch.device, lengths: NDArray[np.int64], budgets: list[int]) -> None:
    """Time every way on a batch of middle length and one of long texts, then the candidates of tiles on the first."""
    for tokens in budgets:
        products(device, tokens)
        plan = Plan.draw(lengths, epochs=1, budget=tokens, seed=0)
        batches = sorted(plan.batches, key=lambda rows: float(lengths[rows].mean()))
        for name, rows in (("middle", batches[len(batches) // 2]), ("long", batches[-1])):
            layout = Layout(lengths[rows], device)
            joint = torch.randn(int(layout.lengths.sum()), 3, HEADS, SIZE, device=device, dtype=torch.bfloat16).requires_grad_()
            for what in ("none", "mpnet", "deberta"):
                calls, inputs = ways(layout, joint, what)
                for label, call in calls.items():
                    forward, backward = both_directions(call, inputs)
                    title = f"{tokens:6} tokens, {name}, longest {layout.longest}, {what:8} {label:10}"
                    print(f"{title} {forward:7.3f} ms forward {backward:7.3f} ms backward", flush=True)
            if tokens == budgets[0] and name == "middle":
                try_tiles(layout, joint)


def try_tiles(layout: Layout, joint: Tensor) -> None:
    """Print the time of each candidate of each program, the others as they are."""
    for what in ("none", "mpnet", "deberta"):
        for program, candidates in CANDIDATES.items():
            if what != {"TABLE": "mpnet", "DISTANCES": "deberta"}.get(program, what):
                continue
            kept = getattr(relative, program)
            for tiles in candidates:
                setattr(relative, program, tiles)
                calls, inputs = ways(layout, joint, what)
                try:
                    forward, backward = both_directions(calls["ours"], inputs)
                    print(f"  {what:8} {program:8} {tuple(tiles)!s:16} {forward:7.3f} ms forward {backward:7.3f} ms backward", flush=True)
                except Exception as error:  # a candidate may ask too much of the processor
                    print(f"  {what:8} {program:8} {tuple(tiles)!s:16} {type(error).__name__}: {str(error)[:100]}", flush=True)
            setattr(relative, program, kept)

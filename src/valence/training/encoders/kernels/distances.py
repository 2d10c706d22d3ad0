"""Queries and keys against embedded distances, and their gradients, as Triton programs.

A row i of a text meets the distances -i to n - 1 - i. Rows against a tile of BLOCK distances are a square of products; its number
(i, c) belongs to the pair (i, i + t * BLOCK + c) for tile t, so it is stored, or read, one place further from row to row. Distances
that no pair of a text has are never touched. `embedded` is (2 * half, HEADS, SIZE), distance 0 at `half`; rows are as in programs.py.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - programs are compiled by Triton, which reads no annotations but `constexpr`

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl


@triton.jit
def _distances(embedded, tile, head, half, HEADS: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr):
    """Read (BLOCK, SIZE) embedded distances from tile * BLOCK on."""
    at = half + tile * BLOCK + tl.arange(0, BLOCK)
    return tl.load(embedded + (at * HEADS + head)[:, None] * SIZE + tl.arange(0, SIZE)[None, :])


@triton.jit
def _rows(of, start, at, n, head, PITCH: tl.constexpr, SIZE: tl.constexpr):
    return tl.load(of + ((start + at) * PITCH + head * SIZE)[:, None] + tl.arange(0, SIZE)[None, :], mask=(at < n)[:, None], other=0.0)


@triton.jit
def _pairs(head, start, rows, tile, n, tokens, half, BLOCK: tl.constexpr):
    """Return where rows and the distances of a tile meet in (heads, tokens, half), and whether there is such a pair."""
    other = rows[:, None] + (tile * BLOCK + tl.arange(0, BLOCK))[None, :]
    place = (head.to(tl.int64) * tokens + start + rows)[:, None] * half + other
    return place, (rows < n)[:, None] & (other >= 0) & (other < n)


@triton.jit(do_not_specialize=["tokens", "blocks"])
def spread(
    rows_of, embedded, offsets, out, tokens, half, blocks,
    HEADS: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write out[head, i, j], row i of a text times the embedded distance j - i."""
    text, block, head = tl.program_id(0) // blocks, tl.program_id(0) % blocks, tl.program_id(1)
    start = tl.load(offsets + text)
    n = tl.load(offsets + text + 1) - start
    if block * BLOCK < n:
        rows = block * BLOCK + tl.arange(0, BLOCK)
        own = _rows(rows_of, start, rows, n, head, 3 * HEADS * SIZE, SIZE)
        for tile in range(-block - 1, tl.cdiv(n, BLOCK) - block):
            distances = _distances(embedded, tile, head, half, HEADS, SIZE, BLOCK)
            product = tl.dot(own, tl.trans(distances), input_precision=PRECISION)
            place, there = _pairs(head, start, rows, tile, n, tokens, half, BLOCK)
            tl.store(out + place, product.to(out.dtype.element_ty), mask=there)


@triton.jit(do_not_specialize=["tokens", "blocks"])
def backward_of_rows(
    grad, embedded, offsets, grad_rows, tokens, half, blocks,
    HEADS: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Add to `grad_rows` what `spread` makes of grad[head, i, j]."""
    text, block, head = tl.program_id(0) // blocks, tl.program_id(0) % blocks, tl.program_id(1)
    start = tl.load(offsets + text)
    n = tl.load(offsets + text + 1) - start
    if block * BLOCK < n:
        rows = block * BLOCK + tl.arange(0, BLOCK)
        found = _rows(grad_rows, start, rows, n, head, 3 * HEADS * SIZE, SIZE).to(tl.float32)
        for tile in range(-block - 1, tl.cdiv(n, BLOCK) - block):
            place, there = _pairs(head, start, rows, tile, n, tokens, half, BLOCK)
            change = tl.load(grad + place, mask=there, other=0.0)
            found = tl.dot(change, _distances(embedded, tile, head, half, HEADS, SIZE, BLOCK), found, input_precision=PRECISION)
        where = grad_rows + ((start + rows) * 3 * HEADS * SIZE + head * SIZE)[:, None] + tl.arange(0, SIZE)[None, :]
        tl.store(where, found.to(grad_rows.dtype.element_ty), mask=(rows < n)[:, None])


@triton.jit(do_not_specialize=["tokens", "blocks", "texts"])
def backward_of_embedded(
    grad, rows_of, offsets, shares, tokens, half, blocks, texts,
    HEADS: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr, TEXTS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write what TEXTS texts add to the gradient of a tile of embedded distances; `shares` is (groups, 2 * blocks, BLOCK, HEADS, SIZE)."""
    group, head = tl.program_id(0) // (2 * blocks), tl.program_id(1)
    slot = tl.program_id(0) % (2 * blocks)
    tile = slot - blocks
    local = tl.arange(0, BLOCK)
    found = tl.zeros((BLOCK, SIZE), tl.float32)
    for text in range(group * TEXTS, tl.minimum(group * TEXTS + TEXTS, texts)):
        start = tl.load(offsets + text)
        n = tl.load(offsets + text + 1) - start
        held = tl.cdiv(n, BLOCK)
        for block in range(tl.maximum(0, -tile - 1), tl.minimum(held, held - tile)):
            rows = block * BLOCK + local
            place, there = _pairs(head, start, rows, tile, n, tokens, half, BLOCK)
            change = tl.load(grad + place, mask=there, other=0.0)
            own = _rows(rows_of, start, rows, n, head, 3 * HEADS * SIZE, SIZE)
            found = tl.dot(tl.trans(change), own, found, input_precision=PRECISION)
    where = shares + ((((group * 2 * blocks) + slot) * BLOCK + local) * HEADS + head)[:, None] * SIZE + tl.arange(0, SIZE)[None, :]
    tl.store(where, found)


__all__: list[Any] = ["backward_of_embedded", "backward_of_rows", "spread"]

"""Attention within each text of a packed row, with scores by distance, as Triton programs: nothing is padded, no score is kept.

The recurrence is FlashAttention-2's (Dao, 2023, arXiv:2307.08691). What is ours are the three terms of a score, beside the product
of a query i and a key j of one text:

    table[head, j - i + width / 2]          a number for each distance (MPNet)
    by_query[head, i, j - i + width / 2]    the query against an embedded distance (DeBERTa, content to position)
    by_key[head, j, i - j + width / 2]      the key against an embedded distance (DeBERTa, position to content)

Rows indexed by distance, not by bucket, are read and written at one place for each pair: gradients are plain stores, nothing is
added up by atomics, and a training gives the same bits each time. Rows of texts are (tokens, HEADS, SIZE) and contiguous.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - programs are compiled by Triton, which reads no annotations but `constexpr`

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

LOG2E = tl.constexpr(1.4426950408889634)


@triton.jit
def _rows(of, start, at, n, head, HEADS: tl.constexpr, SIZE: tl.constexpr):
    """Read (at, SIZE) of a text that has n tokens from `start` on, zeros behind it."""
    dims = tl.arange(0, SIZE)
    return tl.load(of + ((start + at) * HEADS + head)[:, None] * SIZE + dims[None, :], mask=(at < n)[:, None], other=0.0)


@triton.jit
def _write_rows(to, values, start, at, n, head, HEADS: tl.constexpr, SIZE: tl.constexpr):
    dims = tl.arange(0, SIZE)
    where = to + ((start + at) * HEADS + head)[:, None] * SIZE + dims[None, :]
    tl.store(where, values.to(to.dtype.element_ty), mask=(at < n)[:, None])


@triton.jit
def _places(head, start, one, other, tokens, width):
    """Return where (one, other) lies in (heads, tokens, width) rows by distance: row `one`, column other - one + width / 2."""
    base = head.to(tl.int64) * tokens * width
    return base + (start + one).to(tl.int64)[:, None] * width + (other[None, :] - one[:, None] + width // 2)


@triton.jit
def _scores(
    product, table, by_query, by_key, head, start, rows, cols, n, tokens, width, scale,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr,
):  # fmt: skip
    """Return the (rows, cols) scores of queries `rows` and keys `cols` in units of log 2, minus infinity behind the text."""
    if QUERY:
        product += tl.load(by_query + _places(head, start, rows, cols, tokens, width), mask=(rows < n)[:, None], other=0.0).to(tl.float32)
    if KEY:
        turned = tl.load(by_key + _places(head, start, cols, rows, tokens, width), mask=(cols < n)[:, None], other=0.0)
        product += tl.trans(turned).to(tl.float32)
    score = product * (scale * LOG2E)
    if DISTANCE:
        score += LOG2E * tl.load(table + head * width + (cols[None, :] - rows[:, None] + width // 2)).to(tl.float32)
    return tl.where((cols < n)[None, :], score, float("-inf"))


@triton.jit(do_not_specialize=["tokens", "blocks"])
def forward(
    query, key, value, table, by_query, by_key, offsets, out, peak, scale, tokens, width, blocks,
    HEADS: tl.constexpr, SIZE: tl.constexpr, ROWS: tl.constexpr, COLS: tl.constexpr,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write ROWS queries' outputs, and the logarithm (base 2) of their scores' sum, `peak` (HEADS, tokens)."""
    text, head = tl.program_id(0) // blocks, tl.program_id(1)
    start = tl.load(offsets + text)
    n = tl.load(offsets + text + 1) - start
    rows = (tl.program_id(0) % blocks) * ROWS + tl.arange(0, ROWS)
    if (tl.program_id(0) % blocks) * ROWS < n:
        q = _rows(query, start, rows, n, head, HEADS, SIZE)
        top = tl.full((ROWS,), float("-inf"), tl.float32)
        total = tl.zeros((ROWS,), tl.float32)
        seen = tl.zeros((ROWS, SIZE), tl.float32)
        for first in range(0, n, COLS):
            cols = first + tl.arange(0, COLS)
            k = _rows(key, start, cols, n, head, HEADS, SIZE)
            product = tl.dot(q, tl.trans(k), input_precision=PRECISION)
            score = _scores(product, table, by_query, by_key, head, start, rows, cols, n, tokens, width, scale, DISTANCE, QUERY, KEY)
            higher = tl.maximum(top, tl.max(score, 1))
            share = tl.exp2(score - higher[:, None])
            fade = tl.exp2(top - higher)
            total = total * fade + tl.sum(share, 1)
            v = _rows(value, start, cols, n, head, HEADS, SIZE)
            seen = tl.dot(share.to(v.dtype), v, seen * fade[:, None], input_precision=PRECISION)
            top = higher
        _write_rows(out, seen / total[:, None], start, rows, n, head, HEADS, SIZE)
        tl.store(peak + head * tokens + start + rows, top + tl.log2(total), mask=rows < n)


@triton.jit(do_not_specialize=["tokens", "blocks"])
def backward_of_queries(
    query, key, value, table, by_query, by_key, offsets, out, peak, grad, drift, grad_query, grad_by_query, scale, tokens, width, blocks,
    HEADS: tl.constexpr, SIZE: tl.constexpr, ROWS: tl.constexpr, COLS: tl.constexpr,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write ROWS queries' gradients, those of `by_query`, and `drift` (HEADS, tokens), each output times its gradient."""
    text, head = tl.program_id(0) // blocks, tl.program_id(1)
    start = tl.load(offsets + text)
    n = tl.load(offsets + text + 1) - start
    rows = (tl.program_id(0) % blocks) * ROWS + tl.arange(0, ROWS)
    if (tl.program_id(0) % blocks) * ROWS < n:
        q = _rows(query, start, rows, n, head, HEADS, SIZE)
        g = _rows(grad, start, rows, n, head, HEADS, SIZE)
        o = _rows(out, start, rows, n, head, HEADS, SIZE)
        high = tl.load(peak + head * tokens + start + rows, mask=rows < n, other=float("inf"))
        moved = tl.sum(g.to(tl.float32) * o.to(tl.float32), 1)
        tl.store(drift + head * tokens + start + rows, moved, mask=rows < n)
        found = tl.zeros((ROWS, SIZE), tl.float32)
        for first in range(0, n, COLS):
            cols = first + tl.arange(0, COLS)
            k = _rows(key, start, cols, n, head, HEADS, SIZE)
            v = _rows(value, start, cols, n, head, HEADS, SIZE)
            product = tl.dot(q, tl.trans(k), input_precision=PRECISION)
            score = _scores(product, table, by_query, by_key, head, start, rows, cols, n, tokens, width, scale, DISTANCE, QUERY, KEY)
            share = tl.exp2(score - high[:, None])
            change = share * (tl.dot(g, tl.trans(v), input_precision=PRECISION) - moved[:, None])
            found = tl.dot(change.to(k.dtype), k, found, input_precision=PRECISION)
            if QUERY:
                inside = (rows < n)[:, None] & (cols < n)[None, :]
                where = grad_by_query + _places(head, start, rows, cols, tokens, width)
                tl.store(where, (change * scale).to(grad_by_query.dtype.element_ty), mask=inside)
        _write_rows(grad_query, found * scale, start, rows, n, head, HEADS, SIZE)


@triton.jit(do_not_specialize=["tokens", "blocks"])
def backward_of_keys(
    query, key, value, table, by_query, by_key, offsets, peak, grad, drift, grad_key, grad_value, grad_by_key, grad_table, scale,
    tokens, width, blocks,
    HEADS: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write BLOCK keys' and values' gradients, those of `by_key`, and this program's share of the table's.

    A square tile of scores touches 2 * BLOCK - 1 distances: turned by one place from row to row, its diagonals stand upright
    and are summed as columns. Those that run over the tile's edge belong to the next tile's distances and are carried over.
    `grad_table` is (texts, HEADS, blocks, blocks + 1, BLOCK): text, key block b, slot s hold the distances from BLOCK * (b - s) on.
    """
    text, head = tl.program_id(0) // blocks, tl.program_id(1)
    block = tl.program_id(0) % blocks
    start = tl.load(offsets + text)
    n = tl.load(offsets + text + 1) - start
    local = tl.arange(0, BLOCK)
    cols = block * BLOCK + local
    if block * BLOCK < n:
        k = _rows(key, start, cols, n, head, HEADS, SIZE)
        v = _rows(value, start, cols, n, head, HEADS, SIZE)
        found_key = tl.zeros((BLOCK, SIZE), tl.float32)
        found_value = tl.zeros((BLOCK, SIZE), tl.float32)
        slot = grad_table + ((text * HEADS + head) * blocks + block).to(tl.int64) * (blocks + 1) * BLOCK
        carried = tl.zeros((BLOCK,), tl.float32)
        for first in range(0, n, BLOCK):
            rows = first + local
            q = _rows(query, start, rows, n, head, HEADS, SIZE)
            g = _rows(grad, start, rows, n, head, HEADS, SIZE)
            high = tl.load(peak + head * tokens + start + rows, mask=rows < n, other=float("inf"))
            moved = tl.load(drift + head * tokens + start + rows, mask=rows < n, other=0.0)
            product = tl.dot(k, tl.trans(q), input_precision=PRECISION)
            if KEY:
                by_keys = tl.load(by_key + _places(head, start, cols, rows, tokens, width), mask=(cols < n)[:, None], other=0.0)
                product += by_keys.to(tl.float32)
            if QUERY:
                by_queries = tl.load(by_query + _places(head, start, rows, cols, tokens, width), mask=(rows < n)[:, None], other=0.0)
                product += tl.trans(by_queries).to(tl.float32)
            product *= scale * LOG2E
            if DISTANCE:
                product += LOG2E * tl.load(table + head * width + (cols[:, None] - rows[None, :] + width // 2)).to(tl.float32)
            inside = (cols < n)[:, None] & (rows < n)[None, :]
            share = tl.where(inside, tl.exp2(product - high[None, :]), 0.0)
            found_value = tl.dot(share.to(g.dtype), g, found_value, input_precision=PRECISION)
            change = share * (tl.dot(v, tl.trans(g), input_precision=PRECISION) - moved[None, :])
            found_key = tl.dot(change.to(q.dtype), q, found_key, input_precision=PRECISION)
            if KEY:
                where = grad_by_key + _places(head, start, cols, rows, tokens, width)
                tl.store(where, (change * scale).to(grad_by_key.dtype.element_ty), mask=inside)
            if DISTANCE:
                turned = (local[:, None] - local[None, :] + BLOCK) % BLOCK
                upright = tl.gather(change, turned, 1)
                own = local[None, :] <= local[:, None]
                tl.store(slot + (first // BLOCK) * BLOCK + local, carried + tl.sum(tl.where(own, upright, 0.0), 0))
                carried = tl.sum(tl.where(own, 0.0, upright), 0)
        if DISTANCE:
            tl.store(slot + tl.cdiv(n, BLOCK) * BLOCK + local, carried)
        _write_rows(grad_key, found_key * scale, start, cols, n, head, HEADS, SIZE)
        _write_rows(grad_value, found_value, start, cols, n, head, HEADS, SIZE)


__all__: list[Any] = ["backward_of_keys", "backward_of_queries", "forward"]

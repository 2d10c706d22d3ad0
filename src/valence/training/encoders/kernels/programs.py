"""Attention within each text of a packed row, with scores by distance, as Triton programs: nothing is padded, no score is kept.

The recurrence is FlashAttention-2's (Dao, 2023, arXiv:2307.08691). What is ours are the three terms of a score, beside the product
of a query i and a key j of one text:

    table[head, j - i + half]     a number for each distance (MPNet), as `in_copies` lays them out
    by_query[head, i, j]          the query against the embedded distance j - i (DeBERTa, content to position)
    by_key[head, j, i]            the key against the embedded distance i - j (DeBERTa, position to content)

The last two are written by `spread` (distances.py), in rows of `half` numbers. Gradients are plain stores, one place for each
pair: nothing is added up by atomics, and a training gives the same bits each time. Queries, keys and values, and their gradients,
lie in one (tokens, 3, HEADS, SIZE), as a joint projection leaves them; outputs and their gradients are (tokens, HEADS, SIZE).
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - programs are compiled by Triton, which reads no annotations but `constexpr`

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

LOG2E = tl.constexpr(1.4426950408889634)
COPIES = tl.constexpr(4)


@triton.jit
def _rows(of, start, at, n, head, PITCH: tl.constexpr, SIZE: tl.constexpr):
    """Read (at, SIZE) of a text that has n tokens from `start` on, PITCH numbers apart; zeros behind it."""
    dims = tl.arange(0, SIZE)
    return tl.load(of + ((start + at) * PITCH + head * SIZE)[:, None] + dims[None, :], mask=(at < n)[:, None], other=0.0)


@triton.jit
def _write_rows(to, values, start, at, n, head, PITCH: tl.constexpr, SIZE: tl.constexpr):
    dims = tl.arange(0, SIZE)
    where = to + ((start + at) * PITCH + head * SIZE)[:, None] + dims[None, :]
    tl.store(where, values.to(to.dtype.element_ty), mask=(at < n)[:, None])


@triton.jit
def _square(head, start, one, other, tokens, half):
    """Return where (one, other) of a text lies in (heads, tokens, half)."""
    return (head.to(tl.int64) * tokens + start + one)[:, None] * half + other[None, :]


@triton.jit
def _bias(table, head, one, other, half):
    """Read what the table has for (one, other), in units of log 2.

    Each row of pairs begins one number further in the table than the next: read from one of COPIES tables that are shifted against
    each other, all begin at a multiple of 16 bytes.
    """
    shifted = (head * COPIES + one % COPIES)[:, None] * 2 * half
    return tl.load(table + shifted + (other[None, :] - (one // COPIES * COPIES)[:, None]) + half)


@triton.jit
def _scores(
    product, table, by_query, by_key, head, start, rows, cols, n, tokens, half, scale,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr,
):  # fmt: skip
    """Return the (rows, cols) scores of queries `rows` and keys `cols` in units of log 2, minus infinity behind the text."""
    if QUERY:
        product += tl.load(by_query + _square(head, start, rows, cols, tokens, half), mask=(rows < n)[:, None], other=0.0).to(tl.float32)
    if KEY:
        turned = tl.load(by_key + _square(head, start, cols, rows, tokens, half), mask=(cols < n)[:, None], other=0.0)
        product += tl.trans(turned).to(tl.float32)
    score = product * (scale * LOG2E)
    if DISTANCE:
        score += _bias(table, head, rows, cols, half)
    return tl.where((cols < n)[None, :], score, float("-inf"))


@triton.jit(do_not_specialize=["tokens", "blocks"])
def forward(
    query, key, value, table, by_query, by_key, offsets, out, peak, scale, tokens, half, blocks,
    HEADS: tl.constexpr, SIZE: tl.constexpr, ROWS: tl.constexpr, COLS: tl.constexpr,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write ROWS queries' outputs, and the logarithm (base 2) of their scores' sum, `peak` (HEADS, tokens)."""
    text, head = tl.program_id(0) // blocks, tl.program_id(1)
    start = tl.load(offsets + text)
    n = tl.load(offsets + text + 1) - start
    rows = (tl.program_id(0) % blocks) * ROWS + tl.arange(0, ROWS)
    if (tl.program_id(0) % blocks) * ROWS < n:
        q = _rows(query, start, rows, n, head, 3 * HEADS * SIZE, SIZE)
        top = tl.full((ROWS,), float("-inf"), tl.float32)
        total = tl.zeros((ROWS,), tl.float32)
        seen = tl.zeros((ROWS, SIZE), tl.float32)
        for first in range(0, n, COLS):
            cols = first + tl.arange(0, COLS)
            k = _rows(key, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
            product = tl.dot(q, tl.trans(k), input_precision=PRECISION)
            score = _scores(product, table, by_query, by_key, head, start, rows, cols, n, tokens, half, scale, DISTANCE, QUERY, KEY)
            higher = tl.maximum(top, tl.max(score, 1))
            share = tl.exp2(score - higher[:, None])
            fade = tl.exp2(top - higher)
            total = total * fade + tl.sum(share, 1)
            v = _rows(value, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
            seen = tl.dot(share.to(v.dtype), v, seen * fade[:, None], input_precision=PRECISION)
            top = higher
        _write_rows(out, seen / total[:, None], start, rows, n, head, HEADS * SIZE, SIZE)
        tl.store(peak + head * tokens + start + rows, top + tl.log2(total), mask=rows < n)


@triton.jit(do_not_specialize=["tokens", "blocks"])
def backward_of_queries(
    query, key, value, table, by_query, by_key, offsets, out, peak, grad, drift, grad_query, grad_by_query, scale, tokens, half, blocks,
    HEADS: tl.constexpr, SIZE: tl.constexpr, ROWS: tl.constexpr, COLS: tl.constexpr,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write ROWS queries' gradients, those of `by_query`, and `drift` (HEADS, tokens), each output times its gradient."""
    text, head = tl.program_id(0) // blocks, tl.program_id(1)
    start = tl.load(offsets + text)
    n = tl.load(offsets + text + 1) - start
    rows = (tl.program_id(0) % blocks) * ROWS + tl.arange(0, ROWS)
    if (tl.program_id(0) % blocks) * ROWS < n:
        q = _rows(query, start, rows, n, head, 3 * HEADS * SIZE, SIZE)
        g = _rows(grad, start, rows, n, head, HEADS * SIZE, SIZE)
        o = _rows(out, start, rows, n, head, HEADS * SIZE, SIZE)
        high = tl.load(peak + head * tokens + start + rows, mask=rows < n, other=float("inf"))
        moved = tl.sum(g.to(tl.float32) * o.to(tl.float32), 1)
        tl.store(drift + head * tokens + start + rows, moved, mask=rows < n)
        found = tl.zeros((ROWS, SIZE), tl.float32)
        for first in range(0, n, COLS):
            cols = first + tl.arange(0, COLS)
            k = _rows(key, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
            v = _rows(value, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
            product = tl.dot(q, tl.trans(k), input_precision=PRECISION)
            score = _scores(product, table, by_query, by_key, head, start, rows, cols, n, tokens, half, scale, DISTANCE, QUERY, KEY)
            share = tl.exp2(score - high[:, None])
            change = share * (tl.dot(g, tl.trans(v), input_precision=PRECISION) - moved[:, None])
            found = tl.dot(change.to(k.dtype), k, found, input_precision=PRECISION)
            if QUERY:
                where = grad_by_query + _square(head, start, rows, cols, tokens, half)
                tl.store(where, (change * scale).to(grad_by_query.dtype.element_ty), mask=(rows < n)[:, None])
        _write_rows(grad_query, found * scale, start, rows, n, head, 3 * HEADS * SIZE, SIZE)


@triton.jit(do_not_specialize=["tokens", "blocks"])
def backward_of_keys(
    query, key, value, table, by_query, by_key, offsets, peak, grad, drift, grad_key, grad_value, grad_by_key, scale, tokens, half, blocks,
    HEADS: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write BLOCK keys' and values' gradients, and those of `by_key`."""
    text, head = tl.program_id(0) // blocks, tl.program_id(1)
    block = tl.program_id(0) % blocks
    start = tl.load(offsets + text)
    n = tl.load(offsets + text + 1) - start
    local = tl.arange(0, BLOCK)
    cols = block * BLOCK + local
    if block * BLOCK < n:
        k = _rows(key, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
        v = _rows(value, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
        found_key = tl.zeros((BLOCK, SIZE), tl.float32)
        found_value = tl.zeros((BLOCK, SIZE), tl.float32)
        for first in range(0, n, BLOCK):
            rows = first + local
            q = _rows(query, start, rows, n, head, 3 * HEADS * SIZE, SIZE)
            g = _rows(grad, start, rows, n, head, HEADS * SIZE, SIZE)
            high = tl.load(peak + head * tokens + start + rows, mask=rows < n, other=float("inf"))
            moved = tl.load(drift + head * tokens + start + rows, mask=rows < n, other=0.0)
            product = tl.dot(k, tl.trans(q), input_precision=PRECISION)
            if KEY:
                by_keys = tl.load(by_key + _square(head, start, cols, rows, tokens, half), mask=(cols < n)[:, None], other=0.0)
                product += by_keys.to(tl.float32)
            if QUERY:
                by_queries = tl.load(by_query + _square(head, start, rows, cols, tokens, half), mask=(rows < n)[:, None], other=0.0)
                product += tl.trans(by_queries).to(tl.float32)
            product *= scale * LOG2E
            if DISTANCE:  # tables that are turned over stand behind the others
                product += _bias(table + HEADS * COPIES * 2 * half, head, cols, rows, half)
            inside = (cols < n)[:, None] & (rows < n)[None, :]
            # what lies behind a text may be anything until here
            share = tl.exp2(tl.where(inside, product, float("-inf")) - high[None, :])
            found_value = tl.dot(share.to(g.dtype), g, found_value, input_precision=PRECISION)
            change = share * (tl.dot(v, tl.trans(g), input_precision=PRECISION) - moved[None, :])
            found_key = tl.dot(change.to(q.dtype), q, found_key, input_precision=PRECISION)
            if KEY:
                where = grad_by_key + _square(head, start, cols, rows, tokens, half)
                tl.store(where, (change * scale).to(grad_by_key.dtype.element_ty), mask=(cols < n)[:, None])
        _write_rows(grad_key, found_key * scale, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
        _write_rows(grad_value, found_value, start, cols, n, head, 3 * HEADS * SIZE, SIZE)


@triton.jit(do_not_specialize=["tokens", "blocks", "texts"])
def backward_of_table(
    query, key, value, table, by_query, by_key, offsets, peak, grad, drift, shares, scale, tokens, half, blocks, texts,
    HEADS: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr, TEXTS: tl.constexpr,
    DISTANCE: tl.constexpr, QUERY: tl.constexpr, KEY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write this program's share of the table's gradient: that of TEXTS texts, from the tiles whose keys are `apart` blocks behind.

    Square tiles that are equally far apart see the same distances at the same places: their gradients are added up place by place,
    and only the sum is taken apart. Turned by one place from row to row, its diagonals stand upright and are summed as columns.
    `shares` is (groups of texts, HEADS, 2 * blocks - 1, 2, BLOCK): the distances from apart * BLOCK on, and those from (apart - 1) *
    BLOCK on, which ran over the tile's edge.
    """
    group, head = tl.program_id(0) // (2 * blocks - 1), tl.program_id(1)
    apart = tl.program_id(0) % (2 * blocks - 1) - (blocks - 1)
    local = tl.arange(0, BLOCK)
    bias = _bias(table, head, local, apart * BLOCK + local, half)
    found = tl.zeros((BLOCK, BLOCK), tl.float32)
    for text in range(group * TEXTS, tl.minimum(group * TEXTS + TEXTS, texts)):
        start = tl.load(offsets + text)
        n = tl.load(offsets + text + 1) - start
        held = tl.cdiv(n, BLOCK)
        for block in range(tl.maximum(0, -apart), tl.minimum(held, held - apart)):
            rows = block * BLOCK + local
            cols = rows + apart * BLOCK
            q = _rows(query, start, rows, n, head, 3 * HEADS * SIZE, SIZE)
            g = _rows(grad, start, rows, n, head, HEADS * SIZE, SIZE)
            k = _rows(key, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
            v = _rows(value, start, cols, n, head, 3 * HEADS * SIZE, SIZE)
            high = tl.load(peak + head * tokens + start + rows, mask=rows < n, other=float("inf"))
            moved = tl.load(drift + head * tokens + start + rows, mask=rows < n, other=0.0)
            product = tl.dot(q, tl.trans(k), input_precision=PRECISION)
            score = _scores(product, table, by_query, by_key, head, start, rows, cols, n, tokens, half, scale, False, QUERY, KEY)
            share = tl.exp2(score + bias - high[:, None])
            found += share * (tl.dot(g, tl.trans(v), input_precision=PRECISION) - moved[:, None])
    turned = (local[:, None] + local[None, :]) % BLOCK
    upright = tl.gather(found, turned, 1)
    own = local[:, None] + local[None, :] < BLOCK
    slot = shares + ((group * HEADS + head) * (2 * blocks - 1) + apart + blocks - 1) * 2 * BLOCK
    tl.store(slot + local, tl.sum(tl.where(own, upright, 0.0), 0))
    tl.store(slot + BLOCK + local, tl.sum(tl.where(own, 0.0, upright), 0))


__all__: list[Any] = ["backward_of_keys", "backward_of_queries", "backward_of_table", "forward"]

"""Attention within each text of a packed row, with scores by distance: the operator over the Triton programs, and its gradients."""

from __future__ import annotations

import functools
import importlib.util
from typing import Any, NamedTuple

import torch
from torch import Tensor

LARGEST_HEAD = 128
"""Numbers of a head that the programs have room for; a power of two, 16 or more."""

WHOLE = 128
"""Distances are counted in whole tiles: half a table's width is a multiple of it."""


class Tiles(NamedTuple):
    """How a program cuts the scores, and what of the processor it takes."""

    rows: int
    """Queries of a tile; a power of two, at most `WHOLE`."""
    cols: int
    """Keys of a tile, likewise."""
    warps: int
    """Groups of 32 threads of a program."""
    stages: int
    """Tiles whose loads are under way at once."""


FORWARD = Tiles(128, 64, 8, 2)
QUERIES = Tiles(64, 64, 4, 2)
KEYS = Tiles(64, 64, 8, 2)
"""The tiles of each program: those that spill no registers on compute capability 9.0 (`KEYS` are square)."""


@functools.cache
def is_available() -> bool:
    """Return whether this machine can run the programs: a CUDA device of compute capability 8 or newer, and Triton."""
    if not torch.cuda.is_available() or torch.version.cuda is None or importlib.util.find_spec("triton") is None:
        return False
    return torch.cuda.get_device_capability() >= (8, 0)


def fits(size: int) -> bool:
    """Return whether heads of `size` numbers are ones that the programs read."""
    return 16 <= size <= LARGEST_HEAD and size & (size - 1) == 0


def width_for(longest: int) -> int:
    """Return the columns of a table by distance for texts of up to `longest` tokens; the distance 0 stands at half of it."""
    return 2 * WHOLE * -(-longest // WHOLE)


def relative_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    offsets: Tensor,
    longest: int,
    scale: float,
    table: Tensor | None = None,
    as_keys: Tensor | None = None,
    as_queries: Tensor | None = None,
) -> Tensor:
    """Return (tokens, heads, size), each text's softmax(scores) value.

    The score of a query i and a key j is

        scale * (query_i key_j + query_i as_keys[j - i] + key_j as_queries[i - j]) + table[j - i]

    and distances are counted from `width / 2` on (`width_for`). The last three terms are there as far as they are given.

    Args:
        query: (tokens, heads, size), as are `key` and `value`; all of one type.
        key: see `query`.
        value: see `query`.
        offsets: (texts + 1,) int32, text i is the tokens from `offsets[i]` to `offsets[i + 1]`; none is empty.
        longest: tokens of the longest text, or more.
        scale: factor of the products.
        table: (heads, width), any floating type; read as float32.
        as_keys: (width, heads, size) embedded distances from a query to a key, as keys.
        as_queries: (width, heads, size) embedded distances from a key to a query, as queries.
    """
    held = (x.contiguous() for x in (query, key, value))
    table = None if table is None else table.float().contiguous()
    embedded = (None if x is None else x.to(query.dtype).contiguous() for x in (as_keys, as_queries))
    out: Tensor = _attention(*held, offsets, longest, scale, table, *embedded)[0]
    return out


@torch.library.custom_op("valence::relative_attention", mutates_args=())
def _attention(
    query: Tensor, key: Tensor, value: Tensor, offsets: Tensor, longest: int, scale: float,
    table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the output, and (heads, tokens) logarithms of the scores' sums, base 2."""
    from valence.training.encoders.kernels import programs

    tokens, heads, size = query.shape
    terms = _terms(query, key, table, as_keys, as_queries)
    out, peak = torch.empty_like(query), query.new_empty(heads, tokens, dtype=torch.float32)
    blocks = -(-longest // FORWARD.rows)
    with _device_of(query):
        programs.forward[((len(offsets) - 1) * blocks, heads)](
            query, key, value, *terms.rows, offsets, out, peak, scale, tokens, terms.width, blocks,
            ROWS=FORWARD.rows, COLS=FORWARD.cols, **terms.flags(size, heads, query), **_launch(FORWARD),
        )  # fmt: skip
    return out, peak


@_attention.register_fake
def _(
    query: Tensor, key: Tensor, value: Tensor, offsets: Tensor, longest: int, scale: float,
    table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    return torch.empty_like(query), query.new_empty(query.shape[1], query.shape[0], dtype=torch.float32)


class _Terms(NamedTuple):
    """The scores' terms by distance, ready for the programs."""

    rows: tuple[Tensor, Tensor, Tensor]
    """The table, and (heads, tokens, width) of the queries and of the keys; anything where there is none."""
    given: tuple[bool, bool, bool]
    width: int

    def flags(self, size: int, heads: int, query: Tensor) -> dict[str, Any]:
        """Return what the programs are compiled for."""
        names = dict(zip(("DISTANCE", "QUERY", "KEY"), self.given, strict=True))
        return {"HEADS": heads, "SIZE": size, "PRECISION": "ieee" if query.dtype == torch.float32 else "tf32", **names}


def _terms(query: Tensor, key: Tensor, table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None) -> _Terms:
    given = (table is not None, as_keys is not None, as_queries is not None)
    width = next((x.shape[at] for x, at in ((table, 1), (as_keys, 0), (as_queries, 0)) if x is not None), 2 * WHOLE)
    by_query = query if as_keys is None else torch.bmm(query.transpose(0, 1), as_keys.permute(1, 2, 0))
    by_key = query if as_queries is None else torch.bmm(key.transpose(0, 1), as_queries.permute(1, 2, 0))
    return _Terms((query if table is None else table, by_query, by_key), given, width)


def _launch(tiles: Tiles) -> dict[str, int]:
    return {"num_warps": tiles.warps, "num_stages": tiles.stages}


def _device_of(tensor: Tensor) -> Any:  # noqa: ANN401 - a context of CUDA's, or none
    return torch.cuda.device(tensor.device) if tensor.is_cuda else torch.autograd.profiler.record_function("relative")


@torch.library.custom_op("valence::relative_attention_backward", mutates_args=())
def _backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, out: Tensor, peak: Tensor, offsets: Tensor, longest: int, scale: float,
    table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Return the gradients of query, key, value, table, as_keys and as_queries; an empty one for a term that is not there."""
    from valence.training.encoders.kernels import programs

    tokens, heads, size = query.shape
    texts = len(offsets) - 1
    terms = _terms(query, key, table, as_keys, as_queries)
    flags = terms.flags(size, heads, query)
    of_query, of_key, of_value = (torch.empty_like(x) for x in (query, key, value))
    drift = torch.empty_like(peak)
    by_query, by_key = (torch.zeros_like(x) if there else x for x, there in zip(terms.rows[1:], terms.given[1:], strict=True))
    blocks = -(-longest // KEYS.rows)
    shares = query.new_zeros((texts, heads, blocks, blocks + 1, KEYS.rows) if table is not None else (0,), dtype=torch.float32)
    rows = -(-longest // QUERIES.rows)
    with _device_of(query):
        programs.backward_of_queries[(texts * rows, heads)](
            query, key, value, *terms.rows, offsets, out, peak, grad, drift, of_query, by_query, scale, tokens, terms.width, rows,
            ROWS=QUERIES.rows, COLS=QUERIES.cols, **flags, **_launch(QUERIES),
        )  # fmt: skip
        programs.backward_of_keys[(texts * blocks, heads)](
            query, key, value, *terms.rows, offsets, peak, grad, drift, of_key, of_value, by_key, shares, scale, tokens, terms.width,
            blocks, BLOCK=KEYS.rows, **flags, **_launch(KEYS),
        )  # fmt: skip
    of_table = query.new_empty(0) if table is None else _table_gradient(shares, terms.width).to(table.dtype)
    of_as_keys, of_as_queries = query.new_empty(0), query.new_empty(0)
    if as_keys is not None:
        of_query.transpose(0, 1).baddbmm_(by_query, as_keys.transpose(0, 1))
        of_as_keys = torch.bmm(by_query.transpose(1, 2), query.transpose(0, 1)).transpose(0, 1).contiguous()
    if as_queries is not None:
        of_key.transpose(0, 1).baddbmm_(by_key, as_queries.transpose(0, 1))
        of_as_queries = torch.bmm(by_key.transpose(1, 2), key.transpose(0, 1)).transpose(0, 1).contiguous()
    return of_query, of_key, of_value, of_table, of_as_keys, of_as_queries


def _table_gradient(shares: Tensor, width: int) -> Tensor:
    """Return (heads, width) from what the programs left in (texts, heads, blocks, blocks + 1, block)."""
    summed = shares.sum(0)
    _, blocks, _, block = summed.shape
    key_block = torch.arange(blocks, device=shares.device)
    # the distances from block * tile on, tile from -blocks to blocks - 1, lie in slot key block - tile
    slot = key_block[:, None] - torch.arange(-blocks, blocks, device=shares.device)
    there = (slot >= 0) & (slot <= blocks)
    found = (summed[:, key_block[:, None], slot.clamp(0, blocks)] * there[:, :, None]).sum(1).flatten(1)
    spare = width // 2 - blocks * block
    return torch.nn.functional.pad(found, (spare, spare))


@_backward.register_fake
def _(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, out: Tensor, peak: Tensor, offsets: Tensor, longest: int, scale: float,
    table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    given = (torch.empty_like(x) for x in (query, key, value))
    terms = (query.new_empty(0) if x is None else torch.empty_like(x) for x in (table, as_keys, as_queries))
    return (*given, *terms)  # type: ignore[return-value]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:  # noqa: ANN401
    query, key, value, offsets, ctx.longest, ctx.scale, table, as_keys, as_queries = inputs
    ctx.save_for_backward(query, key, value, *output, offsets, table, as_keys, as_queries)


def _gradients(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    query, key, value, out, peak, offsets, *terms = ctx.saved_tensors
    found = _backward(grad.contiguous(), query, key, value, out, peak, offsets, ctx.longest, ctx.scale, *terms)
    by_term = (g if t is not None else None for g, t in zip(found[3:], terms, strict=True))
    return (*found[:3], None, None, None, *by_term)


_attention.register_autograd(_gradients, setup_context=_keep)

__all__ = ["Tiles", "fits", "is_available", "relative_attention", "width_for"]

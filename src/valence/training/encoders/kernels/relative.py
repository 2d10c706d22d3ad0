"""Attention within each text of a packed row, with scores by distance: the operator over the Triton programs, and its gradients."""

from __future__ import annotations

import functools
import importlib.util
import math
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


FORWARD = Tiles(64, 64, 4, 2)
QUERIES = Tiles(64, 64, 4, 2)
KEYS = Tiles(64, 64, 4, 2)
TABLE = Tiles(64, 64, 4, 2)
DISTANCES = Tiles(64, 64, 4, 2)
"""The tiles of each program: those that spill no registers on compute capability 9.0 (all but the first two are square)."""

TEXTS = 8
"""Texts whose gradients of a table, or of embedded distances, one program adds up."""


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
    joint: Tensor,
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
        joint: (tokens, 3, heads, size) queries, keys and values; one tensor, so that a joint projection needs no copies.
        offsets: (texts + 1,) int32, text i is the tokens from `offsets[i]` to `offsets[i + 1]`.
        longest: tokens of the longest text, or more.
        scale: factor of the products.
        table: (heads, width) for the width of `longest`, any floating type; read as float32.
        as_keys: (width, heads, size) embedded distances from a query to a key, as keys.
        as_queries: (width, heads, size) embedded distances from a key to a query, as queries.
    """
    table = None if table is None else table.float().contiguous()
    embedded = (None if x is None else x.to(joint.dtype).contiguous() for x in (as_keys, as_queries))
    out: Tensor = _attention(joint.contiguous(), offsets, longest, scale, table, *embedded)[0]
    return out


@torch.library.custom_op("valence::relative_attention", mutates_args=())
def _attention(
    joint: Tensor, offsets: Tensor, longest: int, scale: float, table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the output, and (heads, tokens) logarithms of the scores' sums, base 2."""
    from valence.training.encoders.kernels import programs

    tokens, _, heads, size = joint.shape
    terms = _terms(joint, offsets, longest, table, as_keys, as_queries)
    out, peak = joint.new_empty(tokens, heads, size), joint.new_empty(heads, tokens, dtype=torch.float32)
    blocks = -(-longest // FORWARD.rows)
    with _device_of(joint):
        programs.forward[((len(offsets) - 1) * blocks, heads)](
            *joint.unbind(1), *terms.rows, offsets, out, peak, scale, tokens, terms.half, blocks,
            ROWS=FORWARD.rows, COLS=FORWARD.cols, **terms.flags(joint), **_launch(FORWARD),
        )  # fmt: skip
    return out, peak


@_attention.register_fake
def _(
    joint: Tensor, offsets: Tensor, longest: int, scale: float, table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None
) -> tuple[Tensor, Tensor]:
    tokens, _, heads, size = joint.shape
    return joint.new_empty(tokens, heads, size), joint.new_empty(heads, tokens, dtype=torch.float32)


class _Terms(NamedTuple):
    """The scores' terms by distance, ready for the programs."""

    rows: tuple[Tensor, Tensor, Tensor]
    """The table, and (heads, tokens, half) of the queries and of the keys; anything where there is none."""
    given: tuple[bool, bool, bool]
    half: int
    """Distances on either side, and places of a row for the other tokens of its text."""

    def flags(self, joint: Tensor) -> dict[str, Any]:
        """Return what the programs are compiled for."""
        return _shape(joint) | dict(zip(("DISTANCE", "QUERY", "KEY"), self.given, strict=True))


def _terms(joint: Tensor, offsets: Tensor, longest: int, table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None) -> _Terms:
    given = (table is not None, as_keys is not None, as_queries is not None)
    half = width_for(longest) // 2
    query, key, _ = joint.unbind(1)
    by_query = joint if as_keys is None else _spread(query, as_keys, offsets, longest, half)
    by_key = joint if as_queries is None else _spread(key, as_queries, offsets, longest, half)
    return _Terms((joint if table is None else in_copies(table), by_query, by_key), given, half)


def in_copies(table: Tensor) -> Tensor:
    """Return (2, heads, 4, width) in units of log 2: (heads, width) as it is and turned over, each shifted by 0 to 3 numbers."""
    index = _copies(table.shape[1], table.device)
    return (table[:, index] * math.log2(math.e)).transpose(0, 1).contiguous()


@functools.cache
def _copies(width: int, device: torch.device) -> Tensor:
    straight = torch.arange(width)
    both = torch.stack([straight, (width - straight).clamp(max=width - 1)])
    shifted = (straight - torch.arange(4)[:, None]).clamp(min=0)
    return both[:, shifted].to(device)


def _spread(rows: Tensor, embedded: Tensor, offsets: Tensor, longest: int, half: int) -> Tensor:
    """Return (heads, tokens, half), each row of (tokens, heads, size) times the embedded distances to the tokens of its text."""
    from valence.training.encoders.kernels import distances

    tokens, heads, _ = rows.shape
    blocks = -(-longest // DISTANCES.rows)
    out = rows.new_empty(heads, tokens, half)
    with _device_of(rows):
        distances.spread[((len(offsets) - 1) * blocks, heads)](
            rows, embedded, offsets, out, tokens, half, blocks, **_shape(rows), BLOCK=DISTANCES.rows, **_launch(DISTANCES)
        )
    return out


def _spread_backward(change: Tensor, rows: Tensor, embedded: Tensor, offsets: Tensor, longest: int, of_rows: Tensor) -> Tensor:
    """Add to the rows' gradients what comes from (heads, tokens, half); return the gradient of the embedded distances."""
    from valence.training.encoders.kernels import distances

    _, tokens, half = change.shape
    heads, size = rows.shape[1:]
    texts, block = len(offsets) - 1, DISTANCES.rows
    blocks, groups = -(-longest // block), -(-texts // TEXTS)
    settings = {**_shape(rows), "BLOCK": block, **_launch(DISTANCES)}
    shares = rows.new_empty(groups, 2 * blocks * block, heads, size, dtype=torch.float32)
    with _device_of(rows):
        distances.backward_of_rows[(texts * blocks, heads)](change, embedded, offsets, of_rows, tokens, half, blocks, **settings)
        distances.backward_of_embedded[(groups * 2 * blocks, heads)](
            change, rows, offsets, shares, tokens, half, blocks, texts, TEXTS=TEXTS, **settings
        )
    spare = half - blocks * block
    return torch.nn.functional.pad(shares.sum(0).to(embedded.dtype), (0, 0, 0, 0, spare, spare))


def _shape(rows: Tensor) -> dict[str, Any]:
    """Return what every program is compiled for."""
    return {"HEADS": rows.shape[-2], "SIZE": rows.shape[-1], "PRECISION": "ieee" if rows.dtype == torch.float32 else "tf32"}


def _launch(tiles: Tiles) -> dict[str, int]:
    return {"num_warps": tiles.warps, "num_stages": tiles.stages}


def _device_of(tensor: Tensor) -> Any:  # noqa: ANN401 - a context of CUDA's, or none
    return torch.cuda.device(tensor.device) if tensor.is_cuda else torch.autograd.profiler.record_function("relative")


@torch.library.custom_op("valence::relative_attention_backward", mutates_args=())
def _backward(
    grad: Tensor, joint: Tensor, out: Tensor, peak: Tensor, offsets: Tensor, longest: int, scale: float,
    table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Return the gradients of joint, table, as_keys and as_queries; an empty one for a term that is not there."""
    from valence.training.encoders.kernels import programs

    texts, tokens = len(offsets) - 1, len(joint)
    terms = _terms(joint, offsets, longest, table, as_keys, as_queries)
    flags = terms.flags(joint)
    found, drift = torch.empty_like(joint), torch.empty_like(peak)
    of_query, of_key, of_value = found.unbind(1)
    by_query, by_key = (torch.empty_like(x) if there else x for x, there in zip(terms.rows[1:], terms.given[1:], strict=True))
    given, numbers = (*joint.unbind(1), *terms.rows, offsets), (scale, tokens, terms.half)
    rows, cols = -(-longest // QUERIES.rows), -(-longest // KEYS.rows)
    of_table, of_as_keys, of_as_queries = (joint.new_empty(0) for _ in range(3))
    with _device_of(joint):
        programs.backward_of_queries[(texts * rows, joint.shape[2])](
            *given, out, peak, grad, drift, of_query, by_query, *numbers, rows,
            ROWS=QUERIES.rows, COLS=QUERIES.cols, **flags, **_launch(QUERIES),
        )  # fmt: skip
        programs.backward_of_keys[(texts * cols, joint.shape[2])](
            *given, peak, grad, drift, of_key, of_value, by_key, *numbers, cols, BLOCK=KEYS.rows, **flags, **_launch(KEYS)
        )
        if table is not None:
            of_table = _table_gradient((*given, peak, grad, drift), numbers, table, longest, flags)
    query, key, _ = joint.unbind(1)
    if as_keys is not None:
        of_as_keys = _spread_backward(by_query, query, as_keys, offsets, longest, of_query)
    if as_queries is not None:
        of_as_queries = _spread_backward(by_key, key, as_queries, offsets, longest, of_key)
    return found, of_table, of_as_keys, of_as_queries


def _table_gradient(
    given: tuple[Tensor, ...], numbers: tuple[float, int, int], table: Tensor, longest: int, flags: dict[str, Any]
) -> Tensor:
    """Return (heads, width) from what the programs leave for every group of texts and distance of tiles."""
    from valence.training.encoders.kernels import programs

    heads, width = table.shape
    texts = len(given[6]) - 1
    blocks, groups = -(-longest // TABLE.rows), -(-texts // TEXTS)
    apart = 2 * blocks - 1
    shares = table.new_empty(groups, heads, apart, 2, TABLE.rows)
    programs.backward_of_table[(groups * apart, heads)](
        *given, shares, *numbers, blocks, texts, BLOCK=TABLE.rows, TEXTS=TEXTS, **flags, **_launch(TABLE)
    )
    own, over = shares.sum(0).unbind(2)
    spare = width // 2 - blocks * TABLE.rows
    found = torch.nn.functional.pad(own, (0, 0, 1, 0)) + torch.nn.functional.pad(over, (0, 0, 0, 1))
    return torch.nn.functional.pad(found.flatten(1), (spare, spare))


@_backward.register_fake
def _(
    grad: Tensor, joint: Tensor, out: Tensor, peak: Tensor, offsets: Tensor, longest: int, scale: float,
    table: Tensor | None, as_keys: Tensor | None, as_queries: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    terms = (joint.new_empty(0) if x is None else torch.empty_like(x) for x in (table, as_keys, as_queries))
    return (torch.empty_like(joint), *terms)  # type: ignore[return-value]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:  # noqa: ANN401
    joint, offsets, ctx.longest, ctx.scale, table, as_keys, as_queries = inputs
    ctx.save_for_backward(joint, *output, offsets, table, as_keys, as_queries)


def _gradients(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    joint, out, peak, offsets, *terms = ctx.saved_tensors
    found, *by_term = _backward(grad.contiguous(), joint, out, peak, offsets, ctx.longest, ctx.scale, *terms)
    return (found, None, None, None, *(g if t is not None else None for g, t in zip(by_term, terms, strict=True)))


_attention.register_autograd(_gradients, setup_context=_keep)

__all__ = ["Tiles", "fits", "is_available", "relative_attention", "width_for"]

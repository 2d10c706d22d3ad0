"""Data sets on the Hugging Face hub, through the package `datasets` where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from valence.data._places import Search


@dataclass(frozen=True, slots=True)
class Hub:
    """Where a data set lies on the hub, and what its columns are called there."""

    path: str
    """Owner and name; written out, since the short names of old data sets are redirects."""
    config: str | None = None
    text: tuple[str, ...] = ("text",)
    """The columns that make the text; two of them (a title and a body) are joined by a line break."""
    label: str = "label"


def from_hub(hub: Hub, search: Search) -> Iterator[tuple[str, pl.DataFrame]] | None:
    """Read a data set split by split: the split's name and a frame with text and label, the rows in the hub's order.

    The package's own settings hold: its cache is used, and HF_HUB_OFFLINE=1 saves the wait for a hub that cannot be reached.

    Returns:
        None when the package is missing or the hub cannot be reached; `search` then knows why.
    """
    where = f"the Hugging Face hub, {hub.path}"
    if find_spec("datasets") is None:
        search.places.append(f"{where} (the package 'datasets' is not installed: pip install 'valence[hub]')")
        return None
    import datasets

    try:
        found = datasets.load_dataset(hub.path, hub.config)
    except Exception as error:  # offline, a gate, a renamed repository, a broken cache: each has a type of its own
        reason = " ".join(str(error).split()) or "no message"
        search.places.append(f"{where} ({type(error).__name__}: {reason[:200]})")
        return None
    return ((str(name), _frame(part.with_format("arrow")[:], hub)) for name, part in found.items())


def _frame(table: pa.Table, hub: Hub) -> pl.DataFrame:
    import polars as pl

    frame = pl.DataFrame(pl.from_arrow(table))
    text = pl.concat_str([pl.col(c) for c in hub.text], separator="\n", ignore_nulls=True).alias("text")
    return frame.select(text, pl.col(hub.label).cast(pl.Int64).alias("label"))

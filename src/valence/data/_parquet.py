"""Parquet, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from valence.data._open import reading
from valence.data._rows import Row, Rows
from valence.errors import BadData

_BATCH = 1000


def open_parquet(path: Path) -> Rows:
    """Return the file's rows.

    Raises:
        BadData: there is no such file, or it is not a whole Parquet file.
    """
    import pyarrow.parquet as pq

    with _damage(path), pq.ParquetFile(path) as file:
        return Rows(path, tuple(file.schema_arrow.names), partial(_select, path), unit="row")


def row_groups(path: Path) -> list[int]:
    """Return the number of rows of each row group.

    Raises:
        BadData: there is no such file, or it is not a whole Parquet file.
    """
    import pyarrow.parquet as pq

    with _damage(path), pq.ParquetFile(path) as file:
        return [int(file.metadata.row_group(i).num_rows) for i in range(file.num_row_groups)]


def open_row_group(path: Path, group: int, before: int) -> Rows:
    """Return the rows of one row group, numbered as in the whole file; `before` are the rows of the groups before it."""
    whole = open_parquet(path)
    return Rows(path, whole.columns, partial(_select, path, groups=[group], number=before), unit="row")


def _select(path: Path, names: Sequence[str], groups: list[int] | None = None, number: int = 0) -> Iterator[Row]:
    import pyarrow.parquet as pq

    wanted = list(dict.fromkeys(names))
    with _damage(path), pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=_BATCH, row_groups=groups, columns=wanted, use_threads=False):
            columns = [batch.column(name).to_pylist() for name in names]
            for values in zip(*columns, strict=True):
                number += 1
                yield number, values


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    import pyarrow as pa

    with reading(path):
        if path.is_file() and not path.stat().st_size:
            raise BadData(f"{path.name} is empty. Expected a Parquet file.")
        try:
            yield
        except UnicodeDecodeError as error:
            raise BadData(f"{path.name} holds text that is not UTF-8 ({error.reason}). Write the file again from decoded text.") from error
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowIOError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            if path.is_dir():
                raise IsADirectoryError from error
            reason = " ".join(str(error).split())[:120]
            raise BadData(f"{path.name} is not a whole Parquet file ({reason}). Copy or download it again.") from error

"""Files of predictions: columns id, label, p_0 ... p_k, written chunk by chunk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

from valence.types import Predictions


class Sink(Protocol):
    """A file that takes predictions chunk by chunk."""

    def __enter__(self) -> Self:
        """Open it."""

    def __exit__(self, *error: object) -> None:
        """Close it."""

    def add(self, ids: tuple[str, ...], names: list[str], predictions: Predictions) -> None:
        """Append n rows: ids, names of the predicted labels, probabilities."""


class _Text:
    """Rows of text: CSV and TSV with a header, or JSON lines."""

    def __init__(self, path: Path, k: int) -> None:
        import csv

        self._json = ".jsonl" in path.suffixes
        self._stream = path.open("w", encoding="utf-8", newline="")
        self._columns = ["id", "label", *(f"p_{i}" for i in range(k))]
        self._rows = csv.writer(self._stream, delimiter="\t" if ".tsv" in path.suffixes else ",")
        if not self._json:
            self._rows.writerow(self._columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def add(self, ids: tuple[str, ...], names: list[str], predictions: Predictions) -> None:
        for name, label, p in zip(ids, names, predictions.probabilities, strict=True):
            row = [name, label, *(round(float(x), 6) for x in p)]
            if self._json:
                self._stream.write(json.dumps(dict(zip(self._columns, row, strict=True)), ensure_ascii=False) + "\n")
            else:
                self._rows.writerow(row)


class ParquetSink:
    """A Parquet file, a row group per chunk; `about` is kept in its schema."""

    def __init__(self, path: Path, k: int, about: Mapping[str, str] | None = None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = [("id", pa.string()), ("label", pa.string()), *((f"p_{i}", pa.float32()) for i in range(k))]
        self._schema = pa.schema(fields, metadata=None if about is None else dict(about))
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, ids: tuple[str, ...], names: list[str], predictions: Predictions) -> None:
        import pyarrow as pa

        columns = [pa.array(ids), pa.array(names), *(pa.array(column) for column in predictions.probabilities.T)]
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema))


WRITERS: dict[str, type[_Text] | type[ParquetSink]] = {".csv": _Text, ".tsv": _Text, ".jsonl": _Text, ".parquet": ParquetSink}

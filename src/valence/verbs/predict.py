"""`valence predict RUN [TEXT ...] [--file IN --out OUT]`: classify texts with a finished run, in constant memory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Protocol, Self

import tyro

from valence.errors import BadSetting
from valence.store import RunStore
from valence.types import Classifier, Predictions
from valence.verbs._flags import parse

Chunk = tuple[tuple[str, ...], tuple[str, ...]]
"""Ids and texts."""


@dataclass
class Options:
    """Classify texts given as words of the command, in a file, or on standard input (one text a line)."""

    run: Annotated[str, tyro.conf.Positional]
    """A run's id, the beginning of it, or its folder; or a folder that `valence export RUN --to onnx` wrote."""
    texts: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """The texts, each in quotes."""
    file: str | None = None
    """CSV, TSV, JSONL, Parquet or .txt (one text a line) to read instead; '-' for standard input."""
    out: str | None = None
    """CSV, TSV, JSONL or Parquet to write instead of printing; columns id, label, p_0 ... p_k."""
    text_column: str | None = None
    """Column that holds the texts; found by its name when not given."""
    id_column: str | None = None
    """Column that holds the ids; found by its name when not given, else the row number."""
    chunk: int = 1000
    """How many texts are held in memory at a time."""
    store: str = "runs"
    """Folder of the runs."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""
    json: bool = False
    """Print one JSON object per text."""


def main(words: Sequence[str]) -> int:
    """Predict and print, or write the file beside and rename it into place."""
    options = parse(Options, words, "predict")
    if options.texts and options.file:
        raise BadSetting("Both texts and --file were given. Give one of them.")
    if options.chunk < 1:
        raise BadSetting(f"--chunk {options.chunk} is too small. It must be 1 or more.")
    from valence.export.opening import open_classifier

    classifier, labels = open_classifier(options.run, RunStore(options.store), device=options.device)
    if options.out is None:
        _print(classifier, labels, _chunks(options), options.json)
    else:
        _write(Path(options.out), classifier, labels, _chunks(options))
    return 0


def _chunks(options: Options) -> Iterator[Chunk]:
    if options.texts:
        return iter([(tuple(str(i) for i in range(len(options.texts))), options.texts)])
    if options.file in {None, "-"}:
        return _standard_input(options.chunk)
    from valence.data.stream import read_texts

    found = read_texts(str(options.file), text_column=options.text_column, id_column=options.id_column, chunk=options.chunk)
    return ((c.ids, c.texts) for c in found)


def _standard_input(size: int) -> Iterator[Chunk]:
    if sys.stdin.isatty():
        print("valence: reading texts from the keyboard, one a line; end with Ctrl-D.", file=sys.stderr)
        size = 1
    start = 0
    while lines := tuple(line.rstrip("\r\n") for line in islice(sys.stdin, size)):
        yield tuple(str(start + i) for i in range(len(lines))), lines
        start += len(lines)


def _print(classifier: Classifier, labels: tuple[str, ...], chunks: Iterator[Chunk], as_json: bool) -> None:
    for ids, texts in chunks:
        predictions = classifier.predict(texts)
        for name, text, label, p in zip(ids, texts, predictions.labels, predictions.probabilities, strict=True):
            if as_json:
                print(json.dumps({"id": name, "label": labels[label], "probabilities": dict(zip(labels, map(float, p), strict=True))}))
            else:
                short = " ".join(text[:200].split())
                print(f"{labels[label]}  {p[label]:.3f}  {short[:79] + '…' if len(short) > 80 else short}", flush=True)


def _write(out: Path, classifier: Classifier, labels: tuple[str, ...], chunks: Iterator[Chunk]) -> None:
    from valence.verbs._screen import Terminal

    if out.suffix not in WRITERS:
        raise BadSetting(f"--out {out} has an unknown ending. Known: {', '.join(WRITERS)}.")
    if not out.parent.is_dir():
        raise BadSetting(f"--out {out}: there is no folder {out.parent}.")
    beside = out.with_name(out.name + ".part")
    done, started = 0, time.perf_counter()
    with Terminal("predict") as screen, WRITERS[out.suffix](beside, len(labels)) as sink:
        for ids, texts in chunks:
            predictions = classifier.predict(texts)
            sink.add(ids, [labels[i] for i in predictions.labels], predictions)
            done += len(ids)
            screen.progress(0, 1, f"{done:,} texts, {done / (time.perf_counter() - started):,.0f} a second")
    beside.replace(out)
    print(f"{done:,} predictions in {out}", file=sys.stderr)


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


class _Parquet:
    """A Parquet file, a row group per chunk."""

    def __init__(self, path: Path, k: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = [("id", pa.string()), ("label", pa.string()), *((f"p_{i}", pa.float32()) for i in range(k))]
        self._schema = pa.schema(fields)
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, ids: tuple[str, ...], names: list[str], predictions: Predictions) -> None:
        import pyarrow as pa

        columns = [pa.array(ids), pa.array(names), *(pa.array(column) for column in predictions.probabilities.T)]
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema))


WRITERS: dict[str, type[_Text] | type[_Parquet]] = {".csv": _Text, ".tsv": _Text, ".jsonl": _Text, ".parquet": _Parquet}

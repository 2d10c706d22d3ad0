"""`valence predict RUN [TEXT ...] [--file IN --out OUT] [--folder IN --out OUT [--ray ADDRESS]]`: classify texts in constant memory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import tyro

from valence.errors import BadSetting
from valence.store import RunStore
from valence.types import Classifier
from valence.verbs._flags import parse
from valence.verbs._sinks import WRITERS

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
    folder: str | None = None
    """Folder of Parquet files to read instead; --out is then a folder too, which gets a file of the same name for each."""
    out: str | None = None
    """CSV, TSV, JSONL or Parquet to write instead of printing; columns id, label, p_0 ... p_k."""
    ray: str | None = None
    """Read --folder on a Ray cluster: HOST:PORT, or auto for the one of this machine; all its machines must see the files and the run."""
    cpus_per_worker: float = 1.0
    """Cores of each worker of the cluster."""
    gpus_per_worker: float | None = None
    """Accelerators of each worker of the cluster; one where it has any when not given."""
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
    if options.folder is not None:
        from valence.verbs._predict_folder import predict_folder

        return predict_folder(options)
    if options.ray is not None:
        raise BadSetting("--ray was given without --folder. A cluster reads a folder of Parquet files: --folder IN --out OUT.")
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
    try:
        with Terminal("predict") as screen, WRITERS[out.suffix](beside, len(labels)) as sink:
            for ids, texts in chunks:
                predictions = classifier.predict(texts)
                sink.add(ids, [labels[i] for i in predictions.labels], predictions)
                done += len(ids)
                screen.progress(0, 1, f"{done:,} texts, {done / (time.perf_counter() - started):,.0f} a second")
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    print(f"{done:,} predictions in {out}", file=sys.stderr)

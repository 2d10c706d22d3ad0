"""`valence predict RUN --folder IN --out OUT [--ray ADDRESS]`: for each Parquet file one of the same name, here or on a cluster.

A file is written beside and renamed, and says of which run and which input it is: the same command skips what is done.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from valence.data.stream import Part, parts, read_texts
from valence.errors import BadSetting
from valence.export.classifier import ABOUT
from valence.export.opening import open_classifier
from valence.store import RunStore
from valence.verbs._sinks import ParquetSink

if TYPE_CHECKING:
    from valence.cluster.ray_predict import Answers
    from valence.verbs.predict import Options


def predict_folder(options: Options) -> int:
    """Predict every file that is not done yet.

    Raises:
        BadSetting: no folder, no Parquet files in it, no --out, or texts besides.
        BadData: a file cannot be read; nothing was written for it.
    """
    source, out = _folders(options)
    files = sorted(source.glob("*.parquet"))
    if not files:
        raise BadSetting(f"--folder {source} holds no file *.parquet. For one file of another kind, give --file.")
    labels, name = _run(options)
    about = {file: {"valence.run": name, "valence.input": _mark(file)} for file in files}
    todo = [file for file in files if not name or not _is_done(out / file.name, about[file])]
    read = {"text_column": options.text_column, "id_column": options.id_column}
    plan = [part for file in todo for part in parts(file, **read)]
    out.mkdir(parents=True, exist_ok=True)
    rows = _write(_answers(options, todo, plan), out, labels, about, sum(p.rows for p in plan)) if todo else 0
    skipped = f"; {len(files) - len(todo)} were done before" if len(todo) < len(files) else ""
    print(f"{rows:,} predictions in {len(todo)} files of {out}{skipped}", file=sys.stderr)
    return 0


def _folders(options: Options) -> tuple[Path, Path]:
    source = Path(options.folder or "")
    if options.texts or options.file:
        raise BadSetting("--folder was given together with texts or --file. Give one of them.")
    if options.out is None:
        raise BadSetting("--folder needs --out, a folder for the predictions.")
    out = Path(options.out)
    if not source.is_dir():
        raise BadSetting(f"--folder {source}: there is no such folder (looked in {Path.cwd()}).")
    if out.resolve() == source.resolve():
        raise BadSetting(f"--folder and --out are both {source}; the predictions would replace the texts. Give another --out.")
    if out.exists() and not out.is_dir():
        raise BadSetting(f"--out {out} is a file. With --folder it must be a folder.")
    return source, out


def _run(options: Options) -> tuple[tuple[str, ...], str]:
    """Return the labels of the run, and a name that changes when it is run again; none for an exported folder."""
    store = RunStore(options.store)
    if (Path(options.run) / ABOUT).is_file():
        return open_classifier(options.run, store)[1], ""
    run_id = store.resolve(options.run)
    record = store.find(run_id)
    if record is None or record.status != "ok":
        raise BadSetting(f"{run_id} is not finished. See: valence list runs")
    return record.labels, f"{run_id} {record.finished}"


def _mark(file: Path) -> str:
    found = file.stat()
    return f"{found.st_size} bytes, {found.st_mtime_ns}"


def _is_done(file: Path, about: Mapping[str, str]) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        kept = pq.read_schema(file).metadata or {}
    except (OSError, pa.ArrowException):
        return False
    return all(kept.get(k.encode()) == v.encode() for k, v in about.items())


def _answers(options: Options, files: list[Path], plan: list[Part]) -> Generator[Answers]:
    """Yield the predictions in the order of the files and their rows."""
    from valence.cluster.ray_predict import Answers, Question, predict_on_ray

    read = {"text_column": options.text_column, "id_column": options.id_column}
    if options.ray is None:
        classifier, _ = open_classifier(options.run, RunStore(options.store), device=options.device)
        for file in files:
            for chunk in read_texts(file, chunk=options.chunk, **read):
                yield Answers(file, chunk.ids, classifier.predict(chunk.texts))
        return
    question = Question(options.run, Path(options.store).resolve(), options.device, options.text_column, options.id_column, options.chunk)
    plan = [Part(p.path.resolve(), p.group, p.before, p.rows) for p in plan]
    back = {file.resolve(): file for file in files}
    for a in predict_on_ray(question, plan, options.ray, cpus=options.cpus_per_worker, gpus=options.gpus_per_worker):
        yield Answers(back[a.file], a.ids, a.predictions)


def _write(answers: Generator[Answers], out: Path, labels: tuple[str, ...], about: Mapping[Path, Mapping[str, str]], total: int) -> int:
    """Write each file beside and rename it when the next one begins; return the number of rows."""
    from valence.verbs._screen import Terminal

    done, started, now = 0, time.perf_counter(), None
    with Terminal("predict") as screen, closing(answers), ExitStack() as files:
        for a in answers:
            if a.file != now:
                _finish(files, now, out)
                now, sink = a.file, files.enter_context(ParquetSink(_beside(out, a.file), len(labels), about[a.file]))
            sink.add(a.ids, [labels[i] for i in a.predictions.labels], a.predictions)
            done += len(a.ids)
            screen.progress(done, total, f"{done:,} texts, {done / (time.perf_counter() - started):,.0f} a second")
        _finish(files, now, out)
    return done


def _beside(out: Path, file: Path) -> Path:
    return out / f"{file.name}.part"


def _finish(files: ExitStack, file: Path | None, out: Path) -> None:
    files.close()
    if file is not None:
        _beside(out, file).replace(out / file.name)


__all__ = ["predict_folder"]

"""What is committed of a run: its record, its predictions to four decimals, its history and the figures of its reports, but no weights.

    board/runs/<id>/record.json, predictions.parquet (60 to 110 kB for 25,000 texts of two classes), history.jsonl,
                    and where there are such reports <id>.json (calibrate) and <id>.stress.json

`RunStore("board/runs")` reads them as it reads any store, so that the board can be built again from a checkout alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadSetting
from valence.report.beside import shareable
from valence.store import RunRecord, RunStore, Scored

UNIT = 10_000
"""Probabilities are kept as whole ten-thousandths."""
RESPONSE = 40
"""Characters kept of a language model's answer: enough to see which label it names, too few to quote a review."""
_FOLDERS = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:[\\/]|\\\\|/)(?:[^\\/\s'\":,;=]+[\\/])+(?=[^\\/\s'\":,;=])")


def publish(store: RunStore, runs: str | Iterable[str], folder: str | os.PathLike[str]) -> list[Path]:
    """Copy runs into `<folder>/runs/<id>/`, each written beside and renamed, and return the run folders.

    Failed runs can be copied too, as far as they are there: a board that drops them shows a better picture than there was.

    Args:
        store: where the runs are.
        runs: ids or unambiguous beginnings of ids; or a single one.
        folder: of the board, such as `board`.

    Raises:
        UnknownName: no run is called so.
        BadSetting: the folder is the store itself.
    """
    target = Path(folder) / "runs"
    if target.resolve() == store.folder.resolve():
        raise BadSetting(f"{target} is the store itself. Publish to another folder, such as board.")
    return [_publish(store, store.resolve(run), target) for run in ([runs] if isinstance(runs, str) else runs)]


def _publish(store: RunStore, run_id: str, target: Path) -> Path:
    record = store.find(run_id)
    if record is None:
        raise BadSetting(f"{run_id} is gone from {store.folder}. Run it again.")
    target.mkdir(parents=True, exist_ok=True)
    new, old, place = target / f".new.{uuid.uuid4().hex[:8]}", target / f".old.{uuid.uuid4().hex[:8]}", target / run_id
    new.mkdir()
    try:
        (new / "record.json").write_text(_without_folders(record).model_dump_json(indent=2) + "\n", encoding="utf-8")
        if record.status == "ok":
            write_rounded(new / "predictions.parquet", store.predictions(run_id))
        history = store.path(run_id) / "history.jsonl"
        if history.exists():
            shutil.copyfile(history, new / "history.jsonl")
        for name, report in shareable(store, run_id).items():
            (new / name).write_text(json.dumps(_cut(report), indent=1) + "\n", encoding="utf-8", newline="\n")
        if place.exists():
            place.rename(old)
        new.rename(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return place


def _without_folders(record: RunRecord) -> RunRecord:
    """Cut absolute paths in a record down to their last part: whose machine it was is nobody's business."""
    return RunRecord.model_validate(_cut(record.model_dump(mode="json")))


def _cut(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return _FOLDERS.sub("", value)
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in value.items()}
    return [_cut(each) for each in value] if isinstance(value, list) else value


def ten_thousandths(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """Round probabilities (n, k) to whole ten-thousandths that sum to 10,000 and name the same label.

    Rows are rounded by largest remainder. A probability above 0 stays above 0, so that a log loss computed from the
    rounded figures stays finite. Where rounding would tie or turn the two first labels, one unit is moved back.
    """
    exact = probabilities.astype(np.float64)
    exact *= UNIT / exact.sum(axis=1, keepdims=True)
    top = probabilities.argmax(axis=1)
    every = np.arange(len(exact))
    units = np.floor(exact).astype(np.int64)
    short = UNIT - units.sum(axis=1)
    place = np.argsort(np.argsort(units - exact, axis=1, kind="stable"), axis=1, kind="stable")
    units += place < short[:, None]
    lost = (units == 0) & (exact > 0)
    units[lost] = 1
    units[every, top] -= lost.sum(axis=1)
    while (wrong := np.flatnonzero(units.argmax(axis=1) != top)).size:
        rival = units[wrong].argmax(axis=1)
        units[wrong, rival] -= 1
        units[wrong, top[wrong]] += 1
    return units


def write_rounded(path: Path, scored: Scored) -> None:
    """Write predictions with probabilities as decimals of four places, in the columns that `RunStore.predictions` reads."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    units = ten_thousandths(scored.predictions.probabilities)
    columns: dict[str, Any] = {"id": pa.array(scored.ids, pa.string()), "label": pa.array(scored.labels)}
    columns |= {f"p_{i}": _decimals(units[:, i]) for i in range(units.shape[1])}
    # front-coded ids and bytes split by place: half the size of the plain encodings under the same compression
    encodings = {"id": "DELTA_BYTE_ARRAY"} | {name: "BYTE_STREAM_SPLIT" for name in columns if name.startswith("p_")}
    if scored.predictions.responses is not None:
        columns["response"] = pa.array([r[:RESPONSE] for r in scored.predictions.responses], pa.string())
    pq.write_table(
        pa.table(columns),
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=["label"],
        column_encoding=encodings,
        store_decimal_as_integer=True,
        write_statistics=False,
    )


def _decimals(units: NDArray[np.int64]) -> Any:  # noqa: ANN401 - an Arrow array, which has no types
    """Return ten-thousandths as an Arrow decimal(5, 4) column: 128 bits each, of which a non-negative one fills the lower 64."""
    import pyarrow as pa

    words = np.zeros((len(units), 2), dtype="<i8")
    words[:, 0] = units
    return pa.Array.from_buffers(pa.decimal128(5, 4), len(units), [None, pa.py_buffer(words.tobytes())])

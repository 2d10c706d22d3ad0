"""What the specimens are built of: a small data set of our own sentences, files as scripts write them, runs as the store keeps them."""

import csv
import json
from pathlib import Path

import numpy as np

from conftest import sentences
from valence import data
from valence.doctor import Subject, subjects
from valence.doctor.parts import Fitted
from valence.evaluation import metrics
from valence.store import Provenance, RunRecord, RunStore, Scored, ids_digest
from valence.types import Predictions, Split

STEMS = ("lamp", "river", "stone", "glass", "paper", "copper", "window")
FILLER = [f"{a}{b}" for a in STEMS for b in ("", "s", "ing", "ward", "less", "fold")]
LABELS = ("negative", "positive")
TRAIN, TEST = 120, 160


def write_csv(path: Path, rows: list[dict]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_json(path: Path, value) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_jsonl(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def varied(n: int, words: int = 14, seed: int = 0) -> tuple[list[str], list[int]]:
    """Return n sentences and labels, each with words of its own behind it: no two are nearly the same."""
    rng = np.random.default_rng(seed)
    texts, labels = sentences(n, seed)
    return [f"{t} {' '.join(rng.choice(FILLER, words))}" for t in texts], labels


def reviews(folder: Path, test_texts: list[str] | None = None, train_texts: list[str] | None = None) -> Path:
    """Write the data set: 120 sentences to train on, 160 to score, ids that do not sort as they stand."""
    texts, labels = varied(TRAIN + TEST)
    labels = [labels[(7 * i) % len(labels)] if i >= TRAIN else labels[i] for i in range(len(labels))]
    rng = np.random.default_rng(3)
    order = rng.permutation(TEST)
    labels[TRAIN:] = [labels[TRAIN + i] for i in order]
    if test_texts:
        texts[TRAIN : TRAIN + len(test_texts)] = test_texts
    for i, text in enumerate(train_texts or (), start=TRAIN // 2):
        texts[i] = text
    names = rng.permutation(10_000)[: len(texts)]
    rows = [
        {"id": f"r{names[i]}", "text": t, "label": LABELS[y], "split": "train" if i < TRAIN else "test"}
        for i, (t, y) in enumerate(zip(texts, labels, strict=True))
    ]
    return write_csv(folder / "reviews.csv", rows)


def scored(path: Path) -> Split:
    return data.load(path).splits["test"]


def good(labels, wrong: float = 0.1, seed: int = 0):
    """Return p_1 that is right for all but a share of the labels."""
    rng = np.random.default_rng(seed)
    right = np.where(np.asarray(labels) == 1, 0.9, 0.1) + rng.uniform(-0.05, 0.05, len(labels))
    return np.where(rng.random(len(labels)) < wrong, 1 - right, right)


def answers(folder: Path, ids, p1, name: str = "predictions.csv", **columns) -> Path:
    """Write id, p_0, p_1 and whatever else."""
    rows = [{"id": i, "p_0": f"{1 - p:.6f}", "p_1": f"{p:.6f}"} for i, p in zip(ids, p1, strict=True)]
    for key, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[key] = value
    return write_csv(folder / name, rows)


def sound_answers(folder: Path) -> Subject:
    path = reviews(folder)
    split = scored(path)
    return one(answers(folder, split.ids, good(split.labels)), data=path)


def one(*files: Path, data: Path | None = None, **more) -> Subject:
    """Return the one subject that these files are."""
    (found,) = subjects([str(f) for f in files], data=None if data is None else str(data), **more)
    return found


def model(predict, texts=None, **more) -> Subject:
    """Return a model that is a function."""
    texts = texts or tuple(sentences(16)[0])
    fitted = Fitted(predict, tuple(texts), **more)
    return Subject("model", "outputs", {Fitted: lambda: fitted})


def record(run_id: str, split: Split, p1, responses=None, **changes) -> tuple[RunRecord, Scored]:
    """Return a run's record and its predictions, as the runner would have written them."""
    table = np.stack([1 - np.asarray(p1), p1], axis=1).astype(np.float32)
    found = Scored(split.ids, split.labels, Predictions(table, responses))
    values = {
        "id": run_id,
        "group": run_id,
        "preset": run_id,
        "method": "tfidf_linear",
        "data": "reviews",
        "n_train": None,
        "seed": 0,
        "experiment": {"method": {"name": "tfidf_linear"}, "data": "reviews.csv"},
        "status": "ok",
        "labels": LABELS,
        "n_scored": len(split),
        "ids_digest": ids_digest(split.ids, split.labels),
        "metrics": metrics.score(split.labels, table),
        "provenance": Provenance(commit="1" * 40, versions={"valence": "0.1.0"}),
    }
    return RunRecord.model_validate({**values, **changes}), found


def stored(folder: Path, *runs, histories=None) -> RunStore:
    """Keep runs in a store; `histories` are the rows of each run's history by its id."""
    store = RunStore(folder / "runs")
    for made, found in runs:
        for row in (histories or {}).get(made.id, ()):
            path = store.work(made.id) / "history.jsonl"
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        store.save(made, found if made.status == "ok" else None)
    return store


def runs(folder: Path, *made, histories=None, kind: str = "run") -> Subject:
    """Return the first subject of a kind that these runs are."""
    store = stored(folder, *made, histories=histories)
    return next(s for s in subjects([str(store.folder)]) if s.kind == kind)


def compared(folder: Path, *made, histories=None) -> Subject:
    return runs(folder, *made, histories=histories, kind="comparison")


def write_safetensors(path: Path, tensors) -> None:
    from safetensors.numpy import save_file

    save_file({k: np.asarray(v, dtype=np.float32) for k, v in tensors.items()}, path)


def model_folder(folder: Path, tensors, name="saved", **configs) -> Path:
    """Write a folder as `save_pretrained` does; `config`, `adapter_config`, `tokenizer_config` become JSON files."""
    place = folder / name
    place.mkdir()
    write_safetensors(place / ("adapter_model.safetensors" if "adapter_config" in configs else "model.safetensors"), tensors)
    for file, value in configs.items():
        write_json(place / f"{file}.json", value)
    return place

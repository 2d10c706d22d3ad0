"""From the words of a command line to the subjects they mean: runs, stores, experiments, files of a user's own script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valence.data import DATASETS
from valence.doctor.library import Library
from valence.doctor.reading.installation import installation_subject
from valence.doctor.reading.outputs import Asked, Outputs, outputs_subjects
from valence.doctor.reading.plans import plan_subject
from valence.doctor.reading.runs import group_subjects, run_subject
from valence.doctor.reading.training import looks_like_arguments
from valence.doctor.subject import Subject
from valence.errors import BadData, UnknownName
from valence.experiment import ABOUT, Experiment, experiment, joined, preset_files, read_toml, spanned
from valence.methods import METHODS
from valence.store import RunStore


@dataclass
class _Sorted:
    """What the words mean."""

    runs: dict[Path, list[str]] = field(default_factory=dict)
    """Run ids by store."""
    plans: list[Experiment] = field(default_factory=list)
    outputs: Outputs = field(default_factory=Outputs)

    def add_run(self, store: Path, run_id: str) -> None:
        ids = self.runs.setdefault(store, [])
        if run_id not in ids:
            ids.append(run_id)


def subjects(
    words: Sequence[str],
    *,
    store: str = "runs",
    data: str | None = None,
    score_on: str = "test",
    n_train: int | None = None,
    model: bool = True,
) -> list[Subject]:
    """Return what is to be examined.

    Args:
        words: runs (ids, beginnings of ids, folders), folders of runs, TOML files, presets, and files or folders of a user's
            own script; none for all runs of the store and the installation.
        store: folder of the runs.
        data: data set whose texts a user's predictions are about.
        score_on: its split.
        n_train: training texts of a user's training, to count its steps.
        model: whether models may be loaded and asked.

    Raises:
        UnknownName: a word is neither a file nor a run, a preset or a method, or `data` neither a data set nor a file.
        BadData: a file holds nothing that could be examined.
    """
    if data is not None and data not in DATASETS.names and not Path(data).exists():
        raise UnknownName("data set or file", data, DATASETS.names)
    library = Library()
    found = _Sorted()
    if not words:
        found.runs[Path(store)] = RunStore(store).ids()
    for word in words:
        _sort(word, RunStore(store), found)
    made = [] if words else [installation_subject(Path(store))]
    for folder, ids in found.runs.items():
        made += [run_subject(RunStore(folder), run_id, library, model=model) for run_id in ids]
        made += group_subjects(RunStore(folder), ids)
    made += [plan_subject(plan, library) for plan in found.plans]
    return [*made, *outputs_subjects(found.outputs, Asked(library, data, score_on, n_train, model))]


def _sort(word: str, store: RunStore, found: _Sorted) -> None:
    path = Path(word)
    if path.is_dir() and (path / "record.json").exists():
        found.add_run(path.parent, path.name)
    elif path.is_dir() and RunStore(path).ids():
        for run_id in RunStore(path).ids():
            found.add_run(path, run_id)
    elif path.exists():
        _sort_file(path, found)
    elif path.suffix or len(path.parts) > 1:
        raise BadData(f"There is no file or folder {word} (looked in {Path.cwd()}). Check the path.")
    elif (word in preset_files() or word in METHODS.names) and not any(i.startswith(word) for i in store.ids()):
        found.plans.append(experiment(word))
    else:
        found.add_run(store.folder, _resolve(word, store))


def _resolve(word: str, store: RunStore) -> str:
    known = store.ids()
    if not any(i.startswith(word) for i in known):
        raise UnknownName("run, file, preset or method", word, {*known, *preset_files(), *METHODS.names})
    return store.resolve(word)


def _sort_file(path: Path, found: _Sorted) -> None:
    if path.suffix.lower() != ".toml":
        found.outputs.add(path)
        return
    settings = read_toml(path)
    if "runs" in settings:
        found.plans += _sweep({k: v for k, v in settings.items() if k not in {*ABOUT, "runs"}}, settings["runs"])
    elif "method" in settings or not looks_like_arguments(settings):
        found.plans.append(experiment(str(path)))
    else:
        found.outputs.add(path)


def _sweep(shared: Mapping[str, Any], tables: Sequence[Mapping[str, Any]]) -> Iterator[Experiment]:
    """Yield the experiments of a sweep's tables; a list spans a grid and what is shared holds for all, as in `valence sweep`."""
    for own in tables:
        for settings in spanned(joined(shared, own)):
            name = settings.pop("preset", None) or settings.pop("method", None)
            if name is None:
                raise BadData('A table [[runs]] names neither preset nor method. Add a line such as: preset = "cnn"')
            yield experiment(str(name), **settings)


__all__ = ["subjects"]

"""What a user's own script left behind: files are recognised by what they hold and become the parts of one subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from valence.data._open import ending
from valence.data._rows import open_rows
from valence.doctor.library import Library
from valence.doctor.parts import (
    Answers,
    Counts,
    Fitted,
    Gold,
    History,
    LengthPolicy,
    Overlap,
    Phrases,
    Prompts,
    PromptSet,
    SavedModel,
    Schedule,
    Truth,
)
from valence.doctor.reading.counts import count_answers, looks_like_counts, names_models, read_counts, with_counts
from valence.doctor.reading.loaded import ask_saved_model, saved_length_policy
from valence.doctor.reading.predictions import find_answer_columns, read_answers, truth_of
from valence.doctor.reading.prompts import looks_like_prompts, read_prompts, read_template
from valence.doctor.reading.saved_model import looks_like_a_model, read_saved_model
from valence.doctor.reading.training import (
    history_of_log,
    history_of_rows,
    history_of_state,
    looks_like_arguments,
    read_json,
    schedule_of_arguments,
    schedule_of_state,
)
from valence.doctor.subject import Absent, Subject
from valence.errors import BadData
from valence.experiment import read_toml
from valence.types import Corpus

TABLES = {".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet"}
BESIDE = {"README.md", "vocab.txt", "merges.txt", "requirements.txt", "LICENSE", ".gitignore", ".gitattributes"}
"""Files of a folder that hold words of other kinds."""
KNOWN = (
    "a table with id and label or probabilities, a table of accuracies by model and n, prompts (JSONL with prompt or messages), "
    "a template, trainer_state.json, training arguments (JSON or TOML), a log with losses, a folder written by save_pretrained"
)


@dataclass
class Outputs:
    """Files, sorted by what they hold."""

    answers: list[Path] = field(default_factory=list)
    states: list[Mapping[str, Any]] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)
    histories: list[Callable[[], History]] = field(default_factory=list)
    prompts: list[Callable[[], PromptSet]] = field(default_factory=list)
    counts: list[Path] = field(default_factory=list)
    responses: list[Path] = field(default_factory=list)
    """Answers of several models in one file."""
    models: list[Path] = field(default_factory=list)

    def add(self, path: Path) -> None:
        """Take a file or folder.

        Raises:
            BadData: it is nothing that is known here.
        """
        if not (self._add_folder(path) if path.is_dir() else self._add_file(path)):
            hint = f" To look at a data set use: valence audit {path}." if ending(path) in TABLES else ""
            raise BadData(f"{path} holds nothing that could be examined. Known: {KNOWN}.{hint}")

    def _add_folder(self, folder: Path) -> bool:
        if looks_like_a_model(folder):
            self.models.append(folder)
        inside = [p for p in sorted(folder.iterdir()) if p.is_file() and p.name not in BESIDE]
        states = sorted(folder.glob("checkpoint-*/trainer_state.json"), key=lambda p: int(p.parent.name.rpartition("-")[2] or 0))
        files = [*inside, *([] if (folder / "trainer_state.json").exists() else states[-1:])]
        taken = [self._add_file(p) for p in files]  # every one of them, not only up to the first
        return any(taken) or looks_like_a_model(folder)

    def _add_file(self, path: Path) -> bool:
        kind = ending(path)
        if kind == ".json":
            return self._add_json(path)
        if kind == ".toml":
            found = read_toml(path)
            self.arguments |= found
            return looks_like_arguments(found)
        if kind in TABLES:
            return self._add_table(path)
        return kind in {".txt", ".log", ".out", ".jinja", ".md", ""} and self._add_text(path)

    def _add_json(self, path: Path) -> bool:
        try:
            found = read_json(path)
        except Absent:
            return False
        if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
            logged = any("loss" in key for row in found for key in row)
            self.histories += [partial(history_of_rows, found)] if logged else []
            return logged
        if not isinstance(found, dict):
            return False
        if "log_history" in found:
            self.states.append(found)
            return True
        if looks_like_arguments(found):
            self.arguments |= found
            return True
        return False

    def _add_table(self, path: Path) -> bool:
        columns = open_rows(path).columns
        if looks_like_prompts(columns):
            self.prompts.append(partial(read_prompts, path))
        elif find_answer_columns(columns) is not None:
            (self.responses if names_models(path) else self.answers).append(path)
        elif looks_like_counts(columns):
            self.counts.append(path)
        elif any("loss" in c for c in columns):
            rows = [dict(zip(columns, cells, strict=True)) for _, cells in open_rows(path).select(columns)]
            self.histories.append(partial(history_of_rows, [{k: v for k, v in r.items() if v not in (None, "")} for r in rows]))
        else:
            return False
        return True

    def _add_text(self, path: Path) -> bool:
        template = read_template(path)
        if template is not None:
            self.prompts.append(lambda: template)
            return True
        try:
            found = history_of_log(path.read_text(encoding="utf-8", errors="replace"))
        except Absent:
            return False
        self.histories.append(lambda: found)
        return True


@dataclass(frozen=True)
class Asked:
    """What the user said about the files."""

    library: Library
    data: str | None = None
    score_on: str = "test"
    n_train: int | None = None
    model: bool = True
    """Whether models may be loaded and asked."""


def outputs_subjects(outputs: Outputs, asked: Asked) -> Iterator[Subject]:
    """Yield the files as one subject; where there are several files of predictions, each is one of its own beside the rest."""
    several = len(outputs.answers) > 1
    for path in outputs.answers if several else ():
        yield _subject(path.name, Outputs(answers=[path]), asked, only=(Corpus, Gold, Answers, Truth))
    rest = Outputs(**{**vars(outputs), "answers": [] if several else outputs.answers})
    if any(vars(rest).values()):
        yield _subject(_title(rest), rest, asked)


def _title(outputs: Outputs) -> str:
    names = [p.name for p in (*outputs.answers, *outputs.models, *outputs.counts, *outputs.responses)]
    return ", ".join(names) or "training outputs"


def _subject(name: str, outputs: Outputs, asked: Asked, only: Sequence[type] = ()) -> Subject:
    read = _Reader(outputs, asked)
    parts = {
        Corpus: read.corpus,
        Gold: read.gold,
        Answers: read.answers,
        Truth: lambda: truth_of(read.answers(), read.gold_or_none()),
        History: read.history,
        Schedule: read.schedule,
        SavedModel: read.model,
        Fitted: read.fitted if asked.model else "models are not loaded (--no-model)",
        LengthPolicy: lambda: saved_length_policy(outputs.arguments, read.model_or_none(), read.gold()),
        Prompts: read.prompts,
        Counts: read.counts,
        Overlap: lambda: asked.library.overlap(read.corpus(), asked.score_on),
        Phrases: lambda: asked.library.phrases(read.corpus(), asked.score_on),
    }
    return Subject(name, "outputs", {kind: loader for kind, loader in parts.items() if not only or kind in only})


class _Reader:
    """Reads the parts on demand; an absent one says what to hand in."""

    def __init__(self, outputs: Outputs, asked: Asked) -> None:
        self._outputs, self._asked = outputs, asked

    def corpus(self) -> Corpus:
        if self._asked.data is None:
            raise Absent("no data set was named: --data")
        return self._asked.library.corpus(self._asked.data)

    def gold(self) -> Gold:
        return self._asked.library.gold(self.corpus(), self._asked.score_on)

    def gold_or_none(self) -> Gold | None:
        return None if self._asked.data is None else self.gold()

    def answers(self) -> Answers:
        if not self._outputs.answers:
            raise Absent("no predictions were given: a table with id and label or probabilities")
        return read_answers(self._outputs.answers[0], None if self._asked.data is None else self.corpus().labels)

    def history(self) -> History:
        if self._outputs.states:
            return history_of_state(self._outputs.states[-1], self._outputs.arguments)
        if self._outputs.histories:
            return self._outputs.histories[-1]()
        raise Absent("no training log was given: trainer_state.json, its log history, or a log with losses")

    def schedule(self) -> Schedule:
        if self._outputs.states:
            return schedule_of_state(self._outputs.states[-1], self._outputs.arguments)
        if not self._outputs.arguments:
            raise Absent("no training arguments were given: trainer_state.json, or a JSON or TOML file with warmup_steps and the like")
        n_train = self._asked.n_train
        if n_train is None and self._asked.data is not None:
            n_train = len(self.corpus().splits["train"])
        return schedule_of_arguments(self._outputs.arguments, n_train)

    def model(self) -> SavedModel:
        if not self._outputs.models:
            raise Absent("no model folder was given")
        return read_saved_model(self._outputs.models[-1])

    def model_or_none(self) -> SavedModel | None:
        return self.model() if self._outputs.models else None

    def fitted(self) -> Fitted:
        return ask_saved_model(self.model(), self.gold_or_none())

    def prompts(self) -> Prompts:
        if not self._outputs.prompts:
            raise Absent("no prompts were given: JSONL with prompt or messages, or a template")
        return Prompts(tuple(read() for read in self._outputs.prompts))

    def counts(self) -> Counts:
        if not self._outputs.counts:
            raise Absent("no table of accuracies was given: model, n, accuracy")
        counts = read_counts(self._outputs.counts[0])
        for path in self._outputs.responses:
            counts = with_counts(counts, count_answers(path))
        return counts


__all__ = ["KNOWN", "Asked", "Outputs", "outputs_subjects"]

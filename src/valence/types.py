"""The nouns of the project: what flows between the rooms, and the contract of a method and of a data set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from valence.errors import BadData

UNLABELED = -1
"""The label of a text whose label is unknown or withheld."""


@dataclass(frozen=True, slots=True)
class Split:
    """Texts with their ids and labels, in one order."""

    ids: tuple[str, ...]
    """Unique within the split; predictions are matched by id, never by position."""
    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    """(n,) index into the data set's label names; -1 where unknown."""

    def __post_init__(self) -> None:
        if not len(self.ids) == len(self.texts) == len(self.labels):
            raise BadData(f"A split needs as many ids as texts and labels; got {len(self.ids)}, {len(self.texts)}, {len(self.labels)}.")

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, index: NDArray[np.intp] | Sequence[int]) -> Split:
        """Return the rows at `index`, in the order of `index`."""
        rows = np.asarray(index, dtype=np.intp)
        return Split(tuple(self.ids[i] for i in rows), tuple(self.texts[i] for i in rows), self.labels[rows])


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a classifier says about n texts."""

    probabilities: NDArray[np.float32]
    """(n, k), rows sum to 1."""
    responses: tuple[str, ...] | None = None
    """An LLM's own words; whether an answer is valid is derived from them, never stored apart."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) the most probable label; the first one on a tie."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A loaded data set."""

    name: str
    labels: tuple[str, ...]
    """Label names; index i is the label i of every split."""
    splits: Mapping[str, Split]
    """`train` and `test`; where there are any, also `dev` and `unlabeled`."""
    digest: str
    """Of the ids, texts and labels: two corpora with one digest are the same data."""


class Journal:
    """Where a fit reports to. This one forgets everything; the runner's writes `history.jsonl` and draws the bar."""

    folder: Path | None = None
    """A folder that outlives a killed process, for checkpoints; None when nothing is to be kept."""

    def log(self, step: int, **values: float) -> None:
        """Keep one row of the run's history: training loss, valid metrics."""

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Show that `done` of `total` units of work are done."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a fit is told besides its labelled texts."""

    labels: tuple[str, ...]
    """Label names, k of them."""
    seed: int = 0
    """Everything random in a fit follows from it."""
    unlabeled: tuple[str, ...] = ()
    """Texts without labels; only given to a method that sets `uses_unlabeled`."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:1` or `mps`."""
    journal: Journal = field(default_factory=Journal)


@dataclass(frozen=True, slots=True)
class Size:
    """How many numbers a classifier holds, and how many of them were learned from the labelled texts."""

    trainable: int
    total: int


class Classifier(Protocol):
    """A fitted method."""

    @property
    def size(self) -> Size:
        """Parameter counts."""

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself: neighbours, order and number of texts change no answer."""

    def save(self, folder: Path) -> None:
        """Write all that `Method.load` needs into an existing folder, without pickle."""


class Settings(BaseModel):
    """Values a user may set; the sentence under each is its help, its documentation and its schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Let a subclass that only changes a default keep the sentence under the setting."""
        for name, setting in cls.model_fields.items():
            for base in cls.__mro__[1:]:
                if setting.description is None and issubclass(base, Settings) and name in base.model_fields:
                    setting.description = base.model_fields[name].description
        cls.model_rebuild(force=True)


class Method(Settings, ABC):
    """A way to turn labelled texts into a classifier; its settings are its fields, its name is its file's name.

    A method that starts from pretrained weights has a setting `backbone` that names them; records and the board show it.
    """

    paper: ClassVar[str]
    """Where the method comes from: authors, year and an arXiv number, DOI or ACL id."""
    uses_unlabeled: ClassVar[bool] = False
    """Whether `Task.unlabeled` is of use."""
    constant_by_design: ClassVar[bool] = False
    """Whether it gives every text the same answer; any other method that learns and does so has failed."""
    learns: ClassVar[bool] = True
    """Whether `fit` learns from the texts; of one that does not, a prompted model, one-sided answers are a result."""
    learns_from_valid: ClassVar[bool] = False
    """Whether `fit` takes `valid` as further training texts, having chosen on it or having nothing to choose."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the file that defines the method."""
        return cls.__module__.rpartition(".")[2]

    @abstractmethod
    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Learn from `train`; every choice, early stopping too, reads `valid` only.

        Raises:
            FailedRun: the loss or the weights went non-finite.
        """

    @abstractmethod
    def load(self, folder: Path, task: Task) -> Classifier:
        """Read back what the classifier's `save` wrote; it answers exactly as before."""


class DataSet(Settings, ABC):
    """A source of labelled texts; its name is its file's name."""

    source: ClassVar[str]
    """The paper or page to cite."""
    topic: ClassVar[str] = ""
    """One phrase for `valence list datasets`."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the file that defines the data set."""
        return cls.__module__.rpartition(".")[2]

    @abstractmethod
    def load(self) -> Corpus:
        """Read all splits.

        Raises:
            DataNotFound: it is in none of the places searched; all are named.
            BadData: a file was found that does not hold what it should.
        """


__all__ = ["UNLABELED", "Classifier", "Corpus", "DataSet", "Journal", "Method", "Predictions", "Settings", "Size", "Split", "Task"]

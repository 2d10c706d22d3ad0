"""The parts a subject can have. A check names those it needs by their class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from valence.evaluation.outcomes import Outcomes
from valence.store import RunRecord
from valence.types import Split

UNKNOWN = -2
"""The label of an answer whose id the data set does not have; -1 is a withheld label."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Predictions as they stand in a file: nothing is repaired, sorted or refused."""

    source: str
    """The file's name."""
    names: tuple[str, ...]
    """(k,) label names."""
    ids: tuple[str, ...]
    """(n,) in the file's order; ids may occur twice."""
    predicted: NDArray[np.int64]
    """(n,) index of the label, -1 where the file names none; of NaN probabilities what argmax makes of them, as scripts do."""
    probabilities: NDArray[np.float64] | None = None
    """(n, k), NaN and all; None where the file holds labels only."""
    stated: NDArray[np.int64] | None = None
    """(n,) true labels as the file gives them; None where it gives none."""
    responses: tuple[str, ...] | None = None
    """A language model's own words."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Gold:
    """The split that was, or will be, scored, as the data set has it today."""

    split: Split
    split_name: str
    names: tuple[str, ...]
    """Label names."""


@dataclass(frozen=True, slots=True)
class Truth:
    """True labels of the answers."""

    labels: NDArray[np.int64]
    """(n,) in the order of the answers, matched by id; -1 where withheld, -2 where the data set has no such id."""
    source: str
    """`the data set` or the name of the file that states them."""


@dataclass(frozen=True, slots=True)
class Validation:
    """One look at the validation texts."""

    step: float
    accuracy: float | None = None
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What a training logged."""

    losses: tuple[tuple[float, float], ...]
    """(step, training loss) in order."""
    validations: tuple[Validation, ...] = ()
    """In order."""
    kept: Literal["best", "last", "unknown"] = "unknown"
    """Which weights the training ended with."""
    rates: tuple[tuple[float, float], ...] = ()
    """(step, learning rate) where it was logged."""
    classes: int = 2
    """k; a loss of ln k is that of guessing."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long a training is, and how its learning rate rises."""

    steps: int
    """Optimiser steps of the whole training."""
    warmup: float | None = None
    """Steps over which the learning rate rises; infinite where it rose to the end of the log, None where unknown."""
    how: str = ""
    """Where the steps come from, for the message: `1 epoch of 16 texts in batches of 16`."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model that can be asked, and texts to ask it about."""

    predict: Callable[[Sequence[str]], NDArray[np.float64]]
    """Probabilities (n, k) of n texts."""
    texts: tuple[str, ...]
    """A few texts of the scored split, short and long."""
    stored: NDArray[np.float64] | None = None
    """(n, k) what was stored for these texts when the figure was made; None where nothing was."""
    tolerance: float = 1e-4
    """By how much probabilities may differ and still be the same: rounding of another batch shape, or of stored decimals."""


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A folder that transformers or PEFT wrote, read without loading the model."""

    folder: Path
    config: Mapping[str, Any]
    """`config.json`, empty for an adapter."""
    adapter: Mapping[str, Any]
    """`adapter_config.json`, empty for a whole model."""
    tensors: Mapping[str, tuple[int, ...]]
    """Shape of each stored tensor."""
    read: Callable[[str], NDArray[np.float64]]
    """Returns a stored tensor."""
    tokenizer: Mapping[str, Any] = field(default_factory=dict)
    """`tokenizer_config.json`."""
    generation: Mapping[str, Any] = field(default_factory=dict)
    """`generation_config.json`."""


@dataclass(frozen=True, slots=True)
class PromptSet:
    """Prompts of one file."""

    source: str
    role: Literal["train", "inference"]
    """Whether the answer belongs into them."""
    prompts: tuple[str, ...]
    texts: tuple[str, ...] | None = None
    """The reviews inside, where the file has them beside the prompts."""
    answers: tuple[str, ...] | None = None
    """True label names, where the file has them beside the prompts."""
    template: str | None = None
    """The template itself, where the file is one: the place of the review is written {}."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """All prompts that were given."""

    sets: tuple[PromptSet, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """One figure of a table of models and sizes."""

    model: str
    n: int
    reported: float
    """Accuracy, a share."""
    decimals: int
    """Of the share: 91.60 % has four."""
    correct: int | None = None
    """Right answers of this model alone, where the table gives them."""


@dataclass(frozen=True, slots=True)
class Counts:
    """A table of accuracies, in the order in which the models were run."""

    source: str
    rows: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class LengthPolicy:
    """How much of a text is read."""

    limit: int
    unit: str
    """`words`, `tokens` or `characters`."""
    keep: str
    """`head`, `tail` or `head+tail`."""
    lengths: NDArray[np.int64]
    """(n,) of the texts, in `unit`, before the cut."""
    estimated: bool = False
    """Whether lengths in tokens were estimated from words."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Which scored texts the training texts hold too."""

    exact: tuple[str, ...]
    """Ids of scored texts that are in train word for word, once HTML, case and white space are levelled."""
    near: tuple[str, ...]
    """Ids of further scored texts that are nearly the same as one in train."""
    n_scored: int
    not_searched: str = ""
    """Why near duplicates were not looked for; empty when they were."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Which training texts are phrases of scored texts."""

    inside: tuple[str, ...]
    """Ids of scored texts that hold a whole training text shorter than themselves."""
    n_phrases: int
    """Training texts that are such phrases."""
    n_scored: int
    shortest: int
    """Words a phrase needs to count."""


@dataclass(frozen=True, slots=True)
class Member:
    """A run among others."""

    record: RunRecord
    outcomes: Outcomes | None
    """None where it cannot be paired with the others; `reason` says why."""
    reason: str = ""
    random: bool = False
    """Whether it was trained by steps, so that another seed gives another figure."""


@dataclass(frozen=True, slots=True)
class Group:
    """Finished runs of one data set and split, side by side."""

    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Installation:
    """The machine's side."""

    packages: Mapping[str, str]
    """Version of each library, empty where it is not installed."""
    places: Mapping[str, str]
    """$VALENCE_DATA and $VALENCE_MODELS as they are set."""
    store: Path


__all__ = [
    "UNKNOWN",
    "Answers",
    "Count",
    "Counts",
    "Fitted",
    "Gold",
    "Group",
    "History",
    "Installation",
    "LengthPolicy",
    "Member",
    "Overlap",
    "Phrases",
    "PromptSet",
    "Prompts",
    "SavedModel",
    "Schedule",
    "Truth",
    "Validation",
]

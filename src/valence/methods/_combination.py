"""What the combinations share: members that answer, and a rule that makes one answer of theirs.

Fitted from labelled texts, no member sees `valid`: it is kept for the rule, and each member holds out its own part of `train`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator
from safetensors.numpy import load_file, save_file

from valence.data.subsample import hold_out
from valence.errors import BadSetting
from valence.evaluation.metrics import score
from valence.methods import METHODS
from valence.types import Classifier, Journal, Method, Predictions, Size, Split, Task

Floats = NDArray[np.float32]
Ask = Callable[[Sequence[str]], Floats]
"""Texts in, (n, k) probabilities out."""


class Rule(ABC):
    """Makes one answer out of those of m members, text by text and bit by bit the same whatever the neighbours."""

    @property
    @abstractmethod
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """What was learned; all that is saved."""

    @abstractmethod
    def merge(self, answers: Floats) -> Floats:
        """Return (n, k) probabilities from (m, n, k)."""

    def answer(self, members: Sequence[Ask], texts: Sequence[str]) -> Floats:
        """Ask the members what is needed, and merge."""
        return self.merge(np.stack([ask(texts) for ask in members]))


@dataclass(frozen=True)
class Member:
    """One of the classifiers that are combined."""

    method: Method
    classifier: Classifier
    seed: int
    run: str = ""
    """The run it came from; empty where it was fitted together with the others."""


@dataclass(frozen=True)
class Combined:
    """A fitted combination, with its members' models inside."""

    members: tuple[Member, ...]
    rule: Rule

    @property
    def size(self) -> Size:
        """Sum over the members, and the rule's own numbers."""
        own = sum(array.size for array in self.rule.arrays.values())
        sizes = [member.classifier.size for member in self.members]
        return Size(sum(s.trainable for s in sizes) + own, sum(s.total for s in sizes) + own)

    @property
    def device(self) -> str:
        """The accelerator that a member works on, else `cpu`."""
        devices = [str(getattr(member.classifier, "device", "cpu")) for member in self.members]
        return next((device for device in devices if device != "cpu"), "cpu")

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself."""
        return Predictions(self.rule.answer([_ask(member.classifier) for member in self.members], texts))

    def save(self, folder: Path) -> None:
        """Write `combination.json`, `rule.safetensors` and each member's model into `members/<number>`."""
        about = [
            {"name": m.method.name(), "settings": m.method.model_dump(mode="json"), "seed": m.seed, "run": m.run} for m in self.members
        ]
        (folder / "combination.json").write_text(json.dumps({"members": about}, indent=2) + "\n", encoding="utf-8")
        save_file({k: np.ascontiguousarray(v) for k, v in self.rule.arrays.items()}, folder / "rule.safetensors")
        for number, member in enumerate(self.members):
            own = folder / "members" / str(number)
            own.mkdir(parents=True)
            member.classifier.save(own)


def _ask(classifier: Classifier) -> Ask:
    return lambda texts: classifier.predict(texts).probabilities


class Combination(Method):
    """Several methods, and one answer of theirs."""

    uses_unlabeled: ClassVar[bool] = True

    members: str = "nb_svm,mean_embedding"
    """Names of the methods that are fitted and combined, with commas between them; of the runs, where runs were combined."""

    @field_validator("members")
    @classmethod
    def _two_or_more(cls, value: str) -> str:
        names = _names(value)
        if len(names) < 2:
            raise ValueError(f"a combination needs two members or more, with commas between them; {len(names)} is named")
        return ",".join(names)

    @abstractmethod
    def learn(self, answers: Floats, labels: NDArray[np.int64]) -> Rule:
        """Learn from (m, n, k) answers to n labelled texts that no member was fitted on."""

    @abstractmethod
    def rule(self, arrays: Mapping[str, NDArray[np.float64]]) -> Rule:
        """Return the rule that has these numbers."""

    @property
    def backbone(self) -> str:
        """The members' pretrained weights, with + between them."""
        methods = [METHODS.find(name)() for name in _names(self.members) if name in METHODS.names]
        return "+".join(dict.fromkeys(filter(None, (str(getattr(method, "backbone", "")) for method in methods))))

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Fit every member on `train` alone, with a seed of its own; learn the rule on `valid`."""
        names = _names(self.members)
        if any("--" in name for name in names):
            raise BadSetting(f"members = {self.members} are runs, not methods. Combine them with: valence combine {' '.join(names)}")
        methods = [METHODS.find(name)() for name in names]
        own_train, own_valid = hold_out(train, len(valid) / (len(train) + len(valid)), seed=task.seed)
        members, answers = [], []
        for number, method in enumerate(methods):
            own = _own_task(task, method, number, len(methods))
            members.append(Member(method, method.fit(own_train, own_valid, own), own.seed))
            answers.append(members[-1].classifier.predict(valid.texts).probabilities)
            found = score(valid.labels, answers[-1])
            task.journal.log(number + 1, valid_accuracy=found["accuracy"], valid_loss=found["log_loss"])
        return Combined(tuple(members), self.learn(np.stack(answers), valid.labels))

    def load(self, folder: Path, task: Task) -> Classifier:
        """Read back the members and the rule."""
        about: list[dict[str, Any]] = json.loads((folder / "combination.json").read_text(encoding="utf-8"))["members"]
        members = []
        for number, member in enumerate(about):
            method = METHODS.find(member["name"])(**member["settings"])
            classifier = method.load(folder / "members" / str(number), replace(task, seed=member["seed"]))
            members.append(Member(method, classifier, member["seed"], member["run"]))
        return Combined(tuple(members), self.rule(load_file(folder / "rule.safetensors")))


def _names(members: str) -> list[str]:
    return [name.strip() for name in members.split(",") if name.strip()]


class _MemberJournal(Journal):
    """Keeps a member's checkpoints apart from the others' and shows how far all of them are."""

    def __init__(self, outer: Journal, name: str, number: int, of: int) -> None:
        self._outer, self._name, self._number, self._of = outer, name, number, of
        if outer.folder is not None:
            self.folder = outer.folder / str(number)
            self.folder.mkdir(exist_ok=True)

    def progress(self, done: float, total: float, note: str = "") -> None:
        self._outer.progress(self._number + done / max(total, 1e-9), self._of, f"{self._name}: {note}")


def _own_task(task: Task, method: Method, number: int, of: int) -> Task:
    """Return a member's task: another seed, so that a method named twice is fitted twice, and no unlabelled texts it has no use for."""
    journal = _MemberJournal(task.journal, method.name(), number, of)
    return replace(task, seed=(task.seed + number) % 2**32, unlabeled=task.unlabeled if method.uses_unlabeled else (), journal=journal)

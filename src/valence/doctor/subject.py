"""What is examined: a bag of parts, each read when a check first asks for it, or absent for a stated reason.

A run of ours has a record, answers, a history, a model; the outputs of a user's script may have answers and a log only. A
check names the parts it needs and is carried out wherever they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

from valence.errors import ValenceError

P = TypeVar("P")
Kind = Literal["run", "plan", "outputs", "comparison", "installation"]
Loader = Callable[[], object]


class Absent(Exception):
    """A part is not there; the message says why in one phrase."""


class Subject:
    """A thing to be examined."""

    def __init__(self, name: str, kind: Kind, parts: Mapping[type, Loader | str]) -> None:
        """Name the parts.

        Args:
            name: what the report calls it.
            kind: what it is.
            parts: for each part a function that reads it, or the reason why it is absent. A part that is not named has
                nothing to do with a subject of this kind, and checks that need it are passed over in silence.
        """
        self.name = name
        self.kind = kind
        self._loaders = dict(parts)
        self._read: dict[type, object] = {}

    def part(self, kind: type[P]) -> P:
        """Return the part, read on the first call.

        Raises:
            Absent: it is not there, or cannot be read.
        """
        if kind not in self._read:
            loader = self._loaders.get(kind, "")
            if isinstance(loader, str):
                raise Absent(loader)
            try:
                self._read[kind] = loader()
            except (ValenceError, Absent) as reason:
                self._loaders[kind] = str(reason)
                raise Absent(str(reason)) from None
            except Exception as reason:  # a broken model or file must not end the examination of the rest
                self._loaders[kind] = f"{kind.__name__} could not be read: {type(reason).__name__}: {reason}".splitlines()[0]
                raise Absent(str(self._loaders[kind])) from None
        found = self._read[kind]
        assert isinstance(found, kind)
        return found

    def find(self, kind: type[P]) -> P | None:
        """Return the part, None where it is absent."""
        try:
            return self.part(kind)
        except Absent:
            return None

    def knows(self, kinds: tuple[type, ...]) -> bool:
        """Tell whether all these parts are something a subject of this kind can have."""
        return all(kind in self._loaders for kind in kinds)

    def lacks(self, kinds: tuple[type, ...]) -> str:
        """Return why the first missing one of these parts is missing, empty when all are there."""
        for kind in kinds:
            try:
                self.part(kind)
            except Absent as reason:
                return str(reason)
        return ""


__all__ = ["Absent", "Kind", "Loader", "Subject"]

"""A file name is a registration: the members of a package are its modules, found by name and imported on demand."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from valence.errors import UnknownName

T = TypeVar("T")


@dataclass(frozen=True)
class Catalog(Generic[T]):
    """The modules of `package`, each holding one subclass of `base`; a leading underscore keeps a module out."""

    package: str
    base: type[T]
    kind: str
    """What a member is called in messages: `method`, `data set`."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every member's name, without importing any of them."""
        path = importlib.import_module(self.package).__path__
        return tuple(sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_")))

    def find(self, name: str) -> type[T]:
        """Import the module `name` and return the class it defines.

        Raises:
            UnknownName: there is no such module; the message names the nearest.
        """
        if name not in self.names:
            raise UnknownName(self.kind, name, self.names)
        module = importlib.import_module(f"{self.package}.{name}")
        found = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, self.base) and v.__module__ == module.__name__]
        if len(found) != 1:
            raise TypeError(f"{module.__name__} must define exactly one {self.base.__name__}, it defines {len(found)}.")
        return found[0]

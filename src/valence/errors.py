"""Every error a user can meet, each one line that says what was asked, what was found and what to do.

ValenceError                 exit code 2: the request cannot be carried out
├── UnknownName              no method, data set, preset or run of that name; names the nearest
├── BadSetting               a setting outside its range, or two that exclude each other
├── BadData                  a file that cannot be read as labelled texts or predictions
│   └── WithheldLabels       the asked split has no labels (GLUE's test labels are all -1)
├── DataNotFound             a data set that is in none of the places we look
├── MissingPackage           an optional dependency that is not installed; names the extra
├── Mismatch                 two things that cannot be compared (other ids, other labels)
└── FailedRun                exit code 1: training or prediction went wrong; the run is marked failed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ValenceError(Exception):
    """Root of the tree; the command line prints its message and leaves with `exit_code`."""

    exit_code = 2


class UnknownName(ValenceError):
    """Nothing of this kind has this name."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(names[:40]) + (", …" if len(names) > 40 else "") if names else "none yet"
        super().__init__(f"No {kind} {name!r}.{hint} Known: {listed}.")


class BadSetting(ValenceError):
    """A setting has a value it cannot have."""


class BadData(ValenceError):
    """A file cannot be read as what it should hold."""


class WithheldLabels(BadData):
    """The split to be scored carries no labels."""


class DataNotFound(ValenceError):
    """A data set is in none of the places that are searched; the message names all of them."""


class MissingPackage(ValenceError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, why: str) -> None:
        super().__init__(f"{why} needs the package {package!r}. Install it with: pip install 'valence[{extra}]'")


class Mismatch(ValenceError):
    """Two things were to be compared that do not belong together."""


class FailedRun(ValenceError):
    """Training or prediction went wrong: a non-finite loss, constant predictions."""

    exit_code = 1

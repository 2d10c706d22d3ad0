"""Flags from annotations: tyro reads them, and whatever it refuses becomes one line."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import itertools
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from valence.errors import BadSetting, UnknownName

T = TypeVar("T")
KINDS = {"INT": "a whole number", "FLOAT": "a number"}
"""What a metavar asks for."""


def parse(make: Callable[..., T], words: Sequence[str], prog: str) -> T:
    """Call `make` with the flags in `words`.

    Raises:
        UnknownName: a flag that does not exist; the nearest is named.
        BadSetting: a value that cannot be read.
    """
    import tyro

    config = (tyro.conf.OmitArgPrefixes, tyro.conf.AvoidSubcommands)
    if {"-h", "--help"} & set(words):
        return tyro.cli(make, args=["--help"], prog=f"valence {prog}", config=config)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return tyro.cli(make, args=list(words), prog=f"valence {prog}", config=config)
    except SystemExit:
        raise _refusal(make, words, said.getvalue(), prog) from None


def _refusal(make: Callable[..., Any], words: Sequence[str], message: str, prog: str) -> UnknownName | BadSetting:
    """Turn tyro's box into one line."""
    known = {name.replace("_", "-") for name in inspect.signature(make).parameters}
    given = [word.split("=")[0].removeprefix("--").replace("_", "-") for word in words if re.match(r"--[A-Za-z]", word)]
    unknown = [flag for flag in given if flag.removeprefix("no-") not in known]
    if unknown:
        return UnknownName(f"flag of 'valence {prog}' is called", unknown[0], known)
    lines = [re.sub(r"[│╭╰╮╯─]|-{3,}", "", line).strip() for line in message.splitlines()]
    lines[:1] = []  # the box's title says no more than its first line
    said = " ".join(line for line in lines if line)
    text = _unread(words, said) or _missing(make, said, prog) or re.split(r"Argument helptext|For full helptext", said)[0].strip()
    return BadSetting(f"{text.rstrip('.')}. See: valence {prog} --help")


def _unread(words: Sequence[str], said: str) -> str:
    """Say which value is missing or of the wrong kind, empty where it is not about that: tyro speaks of types and literals."""
    empty = re.match(r"Missing value for argument '(--[\w-]+)'", said)
    if empty is not None:
        return f"{empty[1]} needs a value after it"
    found = re.match(r"Error parsing (--[\w-]+): ", said)
    if found is None:
        return ""
    flag = found[1]
    at = next(i for i, word in enumerate(words) if word.split("=")[0].replace("_", "-") == flag)
    given = words[at].partition("=")[2] or " ".join(itertools.takewhile(lambda word: not word.startswith("--"), words[at + 1 :]))
    metavar = re.search(rf"helptext: {flag}\S* (\S+)", said)
    kinds = [kind for mark, kind in KINDS.items() if metavar is not None and mark in metavar[1]]
    return f"{flag} {given!r} cannot be read: it takes {' or '.join(kinds) or 'something else'}"


def _missing(make: Callable[..., Any], said: str, prog: str) -> str:
    """Name the words that a verb cannot do without, as it names them itself, empty where none is missing."""
    found = re.match(rf"Missing from valence {re.escape(prog)}: \S+ (.*?)\.? \(required\)", said)
    needed = [name.upper() for name, given in inspect.signature(make).parameters.items() if given.default is inspect.Parameter.empty]
    return f"valence {prog} needs {' and '.join(needed)}: {found[1]}" if found is not None and needed else ""


def flat_class(title: str, about: str, flags: Mapping[str, tuple[Any, Any, str]]) -> type:
    """Return a dataclass whose flags are `name: (annotation, default, help)`.

    Bounds are not checked here: the experiment checks them, and says it in one line.
    """
    import tyro

    made = [
        (
            name,
            Annotated[annotation, tyro.conf.arg(help=help_text.replace("%", "%%"), metavar=_metavar(annotation))],
            dataclasses.field(default=default),
        )
        for name, (annotation, default, help_text) in flags.items()
    ]
    return dataclasses.make_dataclass(title, made, kw_only=True, namespace={"__doc__": about})


def _metavar(annotation: Any) -> str | None:  # noqa: ANN401
    """Return INT for an optional whole number and its like, where tyro would write {None}|INT; None leaves the rest to tyro."""
    kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
    if type(None) not in typing.get_args(annotation) or len(kinds) != 1:
        return None
    plain = typing.get_args(kinds[0])[0] if typing.get_origin(kinds[0]) is Annotated else kinds[0]
    return {int: "INT", float: "FLOAT", str: "STR"}.get(plain)

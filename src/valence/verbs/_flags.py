"""Flags from annotations: tyro reads them, and whatever it refuses becomes one line."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from valence.errors import BadSetting, UnknownName

T = TypeVar("T")


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
    text = re.split(r"Argument helptext|For full helptext", " ".join(line for line in lines if line))[0].strip()
    return BadSetting(f"{text.rstrip('.')}. See: valence {prog} --help")


def flat_class(title: str, about: str, flags: Mapping[str, tuple[Any, Any, str]]) -> type:
    """Return a dataclass whose flags are `name: (annotation, default, help)`.

    Bounds are not checked here: the experiment checks them, and says it in one line.
    """
    import tyro

    made = [
        (name, Annotated[annotation, tyro.conf.arg(help=help_text.replace("%", "%%"))], dataclasses.field(default=default))
        for name, (annotation, default, help_text) in flags.items()
    ]
    return dataclasses.make_dataclass(title, made, kw_only=True, namespace={"__doc__": about})

"""Flags from annotations: tyro reads them, and whatever it refuses becomes one line."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import sys
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

    printed, errors = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            return tyro.cli(make, args=list(words), prog=f"valence {prog}", config=(tyro.conf.OmitArgPrefixes,))
    except SystemExit as end:
        if not end.code:
            sys.stdout.write(printed.getvalue())
            raise _Shown from None
        _refuse(make, words, errors.getvalue() + printed.getvalue(), prog)
        raise AssertionError("unreachable") from None


class _Shown(SystemExit):
    """Help was asked for and shown."""

    code = 0


def _refuse(make: Callable[..., Any], words: Sequence[str], message: str, prog: str) -> None:
    """Turn tyro's box into one line."""
    known = _flag_names(make)
    unknown = [
        w.split("=")[0] for w in words if re.match(r"--[A-Za-z]", w) and w.split("=")[0].removeprefix("--").replace("_", "-") not in known
    ]
    if unknown:
        raise UnknownName(f"flag of 'valence {prog}'", unknown[0].removeprefix("--"), known)
    lines = [re.sub(r"[│╭╰╮╯─]", "", line).strip() for line in message.splitlines()]
    text = " ".join(line for line in lines if line)
    text = re.split(r"(?:Argument helptext|For full helptext)", text)[0].strip()
    raise BadSetting(f"{text} See: valence {prog} --help")


def _flag_names(make: Callable[..., Any]) -> set[str]:
    import inspect

    names = {n.replace("_", "-") for n in inspect.signature(make).parameters}
    return names | {f"no-{n}" for n in names} | {"help"}


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

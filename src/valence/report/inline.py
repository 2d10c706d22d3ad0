"""What is put into a page that loads nothing: our own files, and data that cannot become markup (docs/decisions/0010)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

ROOM = Path(__file__).parent


def environment() -> Environment:
    """Return Jinja over this room's templates; everything is escaped and no name may be undefined."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(ROOM), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def asset(name: str) -> Markup:
    """Return one of our own files unescaped; no run's text is in it."""
    from markupsafe import Markup

    return Markup((ROOM / name).read_text(encoding="utf-8"))


def script_json(value: object) -> Markup:
    """Return JSON that cannot end the script element it stands in: `<`, `>` and `&` are written as escapes, all else is ASCII."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)


__all__ = ["asset", "environment", "script_json"]

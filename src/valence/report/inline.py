"""What is put into a page that loads nothing: our own files, and data that cannot become markup (docs/decisions/0010)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

ROOM = Path(__file__).parent
HOLDS_TEXTS = "This page holds review text: keep it to yourself."
"""Stands on every page that shows what reviewers wrote, and on no other; publishing looks for it."""


def environment() -> Environment:
    """Return Jinja over this room's templates; everything is escaped and no name may be undefined."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from valence.report.table import duration, p_value, percent

    made = Environment(loader=FileSystemLoader(ROOM), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals["holds_texts"] = HOLDS_TEXTS
    made.filters.update(percent=percent, p_value=p_value, duration=duration)
    return made


def asset(*names: str) -> Markup:
    """Return our own files one after the other, unescaped; no run's text is in them."""
    from markupsafe import Markup

    return Markup("".join((ROOM / name).read_text(encoding="utf-8") for name in names))


def script_json(value: object) -> Markup:
    """Return JSON that cannot end the script element it stands in: `<`, `>` and `&` are written as escapes, all else is ASCII."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)


__all__ = ["HOLDS_TEXTS", "asset", "environment", "script_json"]

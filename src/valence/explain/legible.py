"""Characters that a screen would obey instead of show."""

from __future__ import annotations

_TURNERS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Overrides and isolates of the reading direction."""
_SHOWN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "␡",
    **dict.fromkeys((*range(0x80, 0xA0), *_TURNERS), "\ufffd"),
}


def legible(text: str) -> str:
    """Return `text`, as long as before, with a picture for each control character and each override of the reading direction.

    An escape sequence in a review must not steer the terminal, nor turn the order of the words beside it.
    """
    return text.replace("\r\n", " \n").translate(_SHOWN)


__all__ = ["legible"]

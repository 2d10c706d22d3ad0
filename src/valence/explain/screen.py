"""An explanation on a terminal: in colours, or plain, a word a line with its number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from valence.explain.explanation import Explanation, Piece
from valence.explain.legible import legible
from valence.explain.palettes import LEVELS, NEUTRAL, Palette, level, shades

if TYPE_CHECKING:
    from rich.text import Text

BAR = 10
"""Characters of the longest bar."""


def plain(explanation: Explanation) -> str:
    """Return lines: a summary, then each word with its score and a bar of `+` or `-`."""
    lines = [*summary(explanation), ""]
    largest = explanation.largest or 1.0
    for piece in explanation.pieces():
        if piece.score is not None:
            sign = "+" if piece.score > 0 else "-"
            bar = sign * round(BAR * abs(piece.score) / largest)
            lines.append(f"{piece.score:+9.4f}  {bar:{BAR}}  {_one_line(piece.text)}")
        elif piece.unread:
            lines.append(f"{'not read':>9}  {'':{BAR}}  {_one_line(piece.text)}")
    return "\n".join(lines)


def coloured(explanation: Explanation, palette: Palette) -> Text:
    """Return the whole text with its words coloured, under a summary, above a legend."""
    from rich.text import Text

    shown = Text("\n".join(summary(explanation)) + "\n\n")
    for piece in explanation.pieces():
        shown.append(legible(piece.text), _style(piece, explanation, palette))
    shown.append("\n\n")
    return shown.append_text(_legend(explanation, palette))


def summary(explanation: Explanation) -> Iterator[str]:
    """Yield what was explained, and whether the scores add up."""
    of = explanation.probabilities.get(explanation.label)
    said = "" if of is None else f", probability {of:.3f}"
    other = "" if explanation.predicted == explanation.label else f" (the run says {legible(explanation.predicted)})"
    yield f"{legible(explanation.label)}{said}{other}, by {explanation.method}"
    yield completeness(explanation)
    if explanation.note:
        yield explanation.note


def completeness(explanation: Explanation) -> str:
    """Say in one line what the scores sum to and what they should."""
    if explanation.change is None or explanation.delta is None:
        return f"{explanation.meaning}"
    # adding zero turns -0.00 into 0.00
    total, change, delta = (round(value, 3) + 0.0 for value in (explanation.total, explanation.change, explanation.delta))
    return f"sum of the words {total:+.3f}, change of the logit {change:+.3f}, delta {delta:+.3f}"


def _one_line(text: str) -> str:
    short = " ".join(text.split())
    return legible(short[:59] + "…" if len(short) > 60 else short)


def _style(piece: Piece, explanation: Explanation, palette: Palette) -> str:
    if piece.unread:
        return "bright_black italic"
    shade = level(piece.score or 0.0, explanation.largest)
    if not shade:
        return ""
    return _shade(shades(palette, piece.score or 0.0, signed=explanation.signed), shade)


def _shade(scale: tuple[str, ...], shade: int) -> str:
    return f"{'#ffffff' if shade == LEVELS else '#000000'} on {scale[shade - 1]}"


def _legend(explanation: Explanation, palette: Palette) -> Text:
    from rich.text import Text

    legend = Text()
    if explanation.signed:
        legend.append("against ")
        for shade in range(LEVELS, 0, -1):
            legend.append("  ", _shade(palette.against, shade))
        legend.append(" · ")
        for shade in range(1, LEVELS + 1):
            legend.append("  ", _shade(palette.toward, shade))
        legend.append(f" for {legible(explanation.label)}")
    else:
        for shade in range(1, LEVELS + 1):
            legend.append("  ", _shade(NEUTRAL, shade))
        legend.append(" attended to")
    legend.append(f"   strongest: {explanation.largest:.3g}", "dim")
    if explanation.unread:
        legend.append("   ")
        legend.append("not read", "bright_black italic")
    return legend


__all__ = ["coloured", "completeness", "plain", "summary"]

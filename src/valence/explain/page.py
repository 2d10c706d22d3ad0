"""An explanation as one HTML file: no script, nothing fetched, light and dark, every word of the text escaped."""

from __future__ import annotations

from dataclasses import dataclass

from valence.explain.explanation import Explanation, Piece
from valence.explain.legible import legible
from valence.explain.palettes import FAINT, NEUTRAL, Palette
from valence.explain.screen import completeness

DEEPEST = 0.6
"""Opacity of the strongest colour; text keeps a contrast of 4.5 on it in either theme."""
LISTED = 12
"""Words in a table."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of the text as the template shows it."""

    text: str
    kind: str
    """A class: `toward`, `against`, `neutral`, `unread`, or empty."""
    depth: str = ""
    """Opacity of the colour."""
    score: str = ""
    """The number, signed."""


def render(explanation: Explanation, palette: Palette, *, run: str = "") -> str:
    """Return the page.

    Args:
        explanation: what to show.
        palette: its colours.
        run: id of the run, for the heading.
    """
    from jinja2 import Environment, PackageLoader

    template = Environment(loader=PackageLoader("valence", "explain"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    toward, against, neutral = (hues(scale) for scale in (palette.toward, palette.against, NEUTRAL))
    return template.get_template("page.html.j2").render(
        e=explanation,
        run=run,
        label=legible(explanation.label),
        predicted=legible(explanation.predicted),
        probability=explanation.probabilities.get(explanation.label),
        completeness=completeness(explanation) if explanation.change is not None else "",
        marks=[_mark(piece, explanation) for piece in explanation.pieces()],
        tables=_tables(explanation),
        hues={"toward": toward, "against": against, "neutral": neutral},
        deepest=DEEPEST,
    )


def hues(scale: tuple[str, ...]) -> dict[str, str]:
    """Return the colour for a light and for a dark page as `r g b`: its strongest shade, and the one before it."""
    return {theme: " ".join(str(int(code[i : i + 2], 16)) for i in (1, 3, 5)) for theme, code in (("light", scale[3]), ("dark", scale[2]))}


def _mark(piece: Piece, explanation: Explanation) -> Mark:
    if piece.score is None:
        return Mark(legible(piece.text), "unread" if piece.unread else "")
    share = abs(piece.score) / explanation.largest if explanation.largest else 0.0
    number = f"{piece.score:+.4f}" if explanation.signed else f"{piece.score:.4f}"
    if share < FAINT:
        return Mark(legible(piece.text), "faint", score=number)
    return Mark(legible(piece.text), _kind(piece.score, explanation.signed), f"{DEEPEST * share:.3f}", number)


def _kind(score: float, signed: bool) -> str:
    if not signed:
        return "neutral"
    return "toward" if score > 0 else "against"


def _tables(explanation: Explanation) -> dict[str, list[Mark]]:
    """Return the words of largest score, the strongest first, apart by direction."""
    rows = sorted(zip(explanation.words(), explanation.scores.tolist(), strict=True), key=lambda row: -abs(row[1]))
    sides = {"Against": -1, f"For {legible(explanation.label)}": 1} if explanation.signed else {"Attended to": 1}
    return {
        title: [_mark(Piece(word, score), explanation) for word, score in rows if score * sign > 0][:LISTED]
        for title, sign in sides.items()
    }


__all__ = ["render"]

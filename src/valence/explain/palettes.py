"""Colours for and against: diverging scales of ColorBrewer (Brewer et al., 2003), the default one safe for the colour-blind."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = 4
"""Shades on a terminal, from weak to strong."""
FAINT = 0.1
"""Share of the strongest score below which a word stays uncoloured."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Shades from weak to strong, `#rrggbb`; black text reads on the first three, white on the last."""

    toward: tuple[str, str, str, str]
    """For the label."""
    against: tuple[str, str, str, str]
    """Against it."""


PALETTES = {
    "blue-orange": Palette(("#d1e5f0", "#92c5de", "#4393c3", "#2166ac"), ("#fee0b6", "#fdb863", "#e08214", "#b35806")),
    "green-red": Palette(("#d9f0d3", "#a6dba0", "#5aae61", "#1b7837"), ("#fddbc7", "#f4a582", "#d6604d", "#b2182b")),
}
"""By name."""
NEUTRAL = ("#dadaeb", "#bcbddc", "#9e9ac8", "#6a51a3")
"""Where a score has no direction."""


def level(score: float, largest: float) -> int:
    """Return the shade of a score, 0 for none, up to `LEVELS` for the largest."""
    share = abs(score) / largest if largest else 0.0
    return 0 if share < FAINT else min(int(share * LEVELS) + 1, LEVELS)


def shades(palette: Palette, score: float, *, signed: bool) -> tuple[str, str, str, str]:
    """Return the scale a score is shown on."""
    if not signed:
        return NEUTRAL
    return palette.toward if score > 0 else palette.against


__all__ = ["FAINT", "LEVELS", "NEUTRAL", "PALETTES", "Palette", "level", "shades"]

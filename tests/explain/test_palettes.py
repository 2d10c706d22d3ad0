import pytest

from valence.explain.palettes import LEVELS, NEUTRAL, PALETTES, level, shades


@pytest.mark.parametrize(("score", "expected"), [(0, 0), (0.05, 0), (0.2, 1), (-0.3, 2), (0.6, 3), (-1.0, LEVELS), (1.0, LEVELS)])
def test_the_shade_grows_with_the_share_of_the_strongest(score, expected):
    assert level(score, 1.0) == expected


def test_nothing_is_coloured_where_all_scores_are_zero():
    assert level(0.0, 0.0) == 0


def test_the_sign_chooses_the_scale():
    palette = PALETTES["green-red"]
    assert shades(palette, 0.1, signed=True) == palette.toward
    assert shades(palette, -0.1, signed=True) == palette.against
    assert shades(palette, 0.1, signed=False) == NEUTRAL

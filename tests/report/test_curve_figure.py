"""The picture of the learning curves."""

import io

import matplotlib.image
import numpy as np

from valence.evaluation.uncertainty import Interval
from valence.report.curve import Curve, Curves, Point
from valence.report.curve_figure import COLORS, draw, places


def curves(*kinds):
    def point(n, value):
        return Point(n, n is None, Interval(value, value - 0.02, value + 0.02), (value, value + 0.01), (0, 1))

    made = {
        "rising": Curve("rising \u0914", "m", False, (point(16, 0.6), point(64, 0.7), point(None, 0.8))),
        "level": Curve("level", "z", True, (point(None, 0.75),)),
        "single": Curve("single", "m", False, (point(32, 0.7),)),
    }
    return Curves("toy", "dev", 200, None, (0.7,), (16, 64), tuple(made[k] for k in kinds), ())


def colors(png):
    pixels = matplotlib.image.imread(io.BytesIO(png))[..., :3]
    return {tuple(p) for p in np.unique((255 * pixels).round().astype(int).reshape(-1, 3), axis=0).tolist()}


def rgb(code):
    return tuple(int(code[i : i + 2], 16) for i in (1, 3, 5))


def test_every_curve_is_drawn_in_its_own_colour():
    found = colors(draw(curves("rising", "level", "single")))
    assert all(rgb(color) in found for color in COLORS[:3])


def test_level_lines_alone_make_a_picture():
    assert rgb(COLORS[0]) in colors(draw(curves("level")))


def test_an_unknown_number_of_texts_stands_a_doubling_behind_the_largest():
    assert places(curves("rising", "single")) == {16: 4, 32: 5, 64: 6, None: 7}

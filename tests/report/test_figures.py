import struct
from dataclasses import replace

import pytest

from valence.report.board import build
from valence.report.figures import draw_all


def size(png):
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


@pytest.fixture
def forty(made):
    for i in range(40):
        made.run(f"preset_{i}", 0.4 + i / 20, cost={"fit_seconds": 2.0**i, "texts_per_second": 1000 / (i + 1)})
    return build(made.store, "toy")


def test_every_figure_is_drawn_for_one_five_and_forty_rows(forty):
    heights = {}
    for n in (1, 5, 40):
        drawn = draw_all(replace(forty, rows=forty.rows[:n]))
        assert set(drawn) == {"accuracy", "cost", "reliability"}
        heights[n] = size(drawn["accuracy"])[1]
        assert all(min(size(png)) > 200 and max(size(png)) < 4000 for png in drawn.values())
    assert heights[1] < heights[5] < heights[40]


def test_names_that_look_like_formulas_or_lack_a_glyph_are_drawn_as_they_are(made):
    made.run("$\\frac{1}{0}$ 情感 " + "long " * 20, 1.0, seed_accuracy=0.2)
    made.run("plain", 0.5)
    assert len(draw_all(build(made.store, "toy"))) == 3


def test_a_row_far_below_and_rows_without_costs_are_drawn_too(made):
    made.run("good", 4.0, seed_accuracy=0.3)
    made.run("chance", 0.0)
    made.run("friend", 2.0, outside=True)
    assert len(draw_all(build(made.store, "toy"))) == 3


def test_without_any_cost_there_is_still_a_figure(made):
    made.run("friend", 2.0, outside=True)
    assert size(draw_all(build(made.store, "toy"))["cost"])[0] > 200


def test_drawing_leaves_the_users_plots_alone(made):
    import matplotlib.pyplot as plt

    made.run("a")
    before = plt.get_fignums()
    draw_all(build(made.store, "toy"))
    assert plt.get_fignums() == before

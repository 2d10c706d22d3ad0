import pytest

from valence.report.board import build
from valence.report.drawing import short, window


def test_the_axis_shows_the_rows_near_the_best_and_leaves_out_one_far_below(made):
    made.run("good", 4.0)
    made.run("chance", 0.0)
    rows = build(made.store, "toy").rows
    low, high = window(rows)
    assert rows[1].accuracy < low < rows[0].figures["accuracy"].low
    assert high > rows[0].figures["accuracy"].high


def test_a_narrow_interval_still_gets_a_point_of_axis(made):
    made.run("perfect", 40.0)
    low, high = window(build(made.store, "toy").rows)
    assert high - low >= 0.009


@pytest.mark.parametrize(("name", "shown"), [("gru", "gru"), ("x" * 40, "x" * 33 + "…")])
def test_long_names_are_cut(made, name, shown):
    made.run(name)
    assert short(build(made.store, "toy").rows[0]) == shown

import numpy as np
import pytest

from valence.combine.curve import cascade_curve, relative_price
from valence.store import Cost, RunRecord


def record(name, speed):
    return RunRecord(
        id=name, group="", preset=name, method="", data="d", n_train=None, seed=0, experiment={}, status="ok", labels=("a", "b"),
        cost=Cost(texts_per_second=speed),
    )  # fmt: skip


def answers():
    p = np.array([[0.9, 0.6, 0.7, 0.8], [0.1, 0.9, 0.9, 0.9]], np.float32)
    return np.stack([p, 1 - p], axis=2), np.array([0, 1, 0, 0])


def test_the_curve_goes_from_the_first_alone_to_the_second_alone_and_is_priced_by_the_speeds():
    given, labels = answers()
    found = cascade_curve(given, labels, (record("cheap", 400.0), record("dear", 100.0)), 0.65)
    # the first is wrong on the .6 only; the second on the .9 and on the .6
    assert [p.accuracy for p in found.points] == [0.75, 0.75, 0.75, 0.75, 0.5]
    assert [p.cost for p in found.points] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.25])
    assert (found.chosen.threshold, found.chosen.share, found.chosen.cost) == (0.65, 0.25, 0.5)


@pytest.mark.parametrize(("threshold", "share"), [(0.0, 0.0), (0.59, 0.0), (0.95, 1.0), (1.0, 1.0)])
def test_the_chosen_point_passes_on_what_its_threshold_does(threshold, share):
    given, labels = answers()
    expected = (given[0].max(axis=1) <= threshold).mean()
    assert cascade_curve(given, labels, (record("cheap", 2.0), record("dear", 1.0)), threshold).chosen.share == share == expected


def test_without_a_speed_there_is_no_cost():
    given, labels = answers()
    found = cascade_curve(given, labels, (record("cheap", None), record("dear", 100.0)), 0.65)
    assert relative_price(record("cheap", None), record("dear", 1.0)) is None
    assert found.price is None
    assert all(p.cost is None for p in found.points)
    assert found.to_json()["chosen"]["share"] == 0.25

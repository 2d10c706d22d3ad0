"""Area and labels needed, against numbers worked by hand."""

import numpy as np
import pytest

from valence.errors import BadData
from valence.evaluation.learning_curve import area, crossing, labels_needed
from valence.evaluation.uncertainty import Interval, accuracy_interval

SIZES = [16, 64, 1024]


def band(values, half=0.05):
    return [Interval(v, v - half, v + half) for v in values]


def test_the_area_is_the_mean_accuracy_per_doubling():
    # from 2^4 to 2^6 two doublings at a mean of .65, from 2^6 to 2^10 four at .8
    found = area(SIZES, band([0.6, 0.7, 0.9]), 16, 1024)
    assert found.value == pytest.approx((2 * 0.65 + 4 * 0.8) / 6)
    assert (found.low, found.high) == (pytest.approx(found.value - 0.05), pytest.approx(found.value + 0.05))


def test_the_area_of_a_part_interpolates_its_ends():
    # 2^5 to 2^8: one doubling from .65 to .7, two from .7 to .8
    assert area(SIZES, band([0.6, 0.7, 0.9]), 32, 256).value == pytest.approx((0.675 + 2 * 0.75) / 3)


def test_a_level_curve_has_its_level_for_an_area():
    assert area(SIZES, band([0.8] * 3), 20, 900).value == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("target", "expected"),
    [(0.6, 16), (0.5, 16), (0.65, 32), (0.7, 64), (0.8, 256), (0.9, 1024), (0.91, None)],
)
def test_the_target_is_met_where_the_straight_line_over_log2_n_meets_it(target, expected):
    assert crossing(SIZES, [0.6, 0.7, 0.9], target) == (None if expected is None else pytest.approx(expected))


def test_of_a_curve_that_dips_the_first_meeting_counts():
    assert crossing([16, 32, 64, 128], [0.6, 0.8, 0.7, 0.9], 0.75) == pytest.approx(2**4.75)


def test_the_interval_of_the_labels_is_where_the_ends_of_the_band_meet_the_target():
    found = labels_needed(SIZES, band([0.6, 0.7, 0.9]), 0.75)
    assert found.value == pytest.approx(128)
    assert found.low == pytest.approx(64)
    assert found.high == pytest.approx(256)


def test_what_is_not_reached_and_what_was_reached_before_the_first_size_can_be_told():
    never = labels_needed(SIZES, band([0.6, 0.7, 0.9]), 0.97)
    assert (never.value, never.low, never.high, never.largest) == (None, None, None, 1024)
    perhaps = labels_needed(SIZES, band([0.6, 0.7, 0.9]), 0.92)
    assert (perhaps.value, perhaps.high) == (None, None)
    assert 64 < perhaps.low < 1024
    before = labels_needed(SIZES, band([0.6, 0.7, 0.9]), 0.54)
    assert (before.value, before.low, before.high, before.smallest) == (16, 16, 16, 16)


def test_the_interval_of_the_labels_keeps_its_level_over_seeds_and_texts():
    """Curves of known accuracy are drawn 200 times: five seeds of 400 texts at each size, seeds differing by 2 points."""
    rng = np.random.default_rng(0)
    sizes, truth, target = [16, 32, 64, 128, 256], np.array([0.6, 0.66, 0.72, 0.78, 0.84]), 0.75
    exact, covered = 2**6.5, 0
    for _ in range(200):
        p = truth[:, None] + rng.normal(0, 0.02, (5, 5))
        accuracies = [accuracy_interval(rng.random((5, 400)) < row[:, None]) for row in p]
        found = labels_needed(sizes, accuracies, target)
        covered += (found.low or np.inf) <= exact <= (found.high or np.inf)
    assert covered >= 0.93 * 200


@pytest.mark.parametrize("sizes", [[16, 16, 32], [64, 32, 16], [16, 32]])
def test_sizes_that_make_no_curve_are_refused(sizes):
    with pytest.raises(BadData, match="ascending sizes"):
        labels_needed(sizes, band([0.6, 0.7, 0.8]), 0.7)


def test_an_area_beyond_the_sizes_is_refused():
    with pytest.raises(BadData, match="ends within them"):
        area(SIZES, band([0.6, 0.7, 0.9]), 8, 1024)

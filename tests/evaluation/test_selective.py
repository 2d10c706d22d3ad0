import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valence.errors import BadData
from valence.evaluation.outcomes import grade
from valence.evaluation.selective import deferral, risk_coverage, select_at


def graded(confidence, correct):
    p = np.asarray(confidence, np.float32)
    return grade(np.where(correct, 0, 1).astype(np.int64), np.stack([p, 1 - p], axis=1))


def test_the_curve_and_its_area_are_worked_by_hand():
    curve = risk_coverage(graded([0.6, 0.9, 0.8, 0.7], [True, True, False, True]))
    # surest first: right, wrong, right, right
    assert curve.risk == pytest.approx([0, 1 / 2, 1 / 3, 1 / 4])
    assert curve.coverage == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert curve.area == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 4)
    # the best order has the one error last, with area 1/16
    assert curve.excess_area == pytest.approx(curve.area - 1 / 16)
    assert curve.accuracy_at(0.5) == pytest.approx(0.5)
    assert curve.confidence_at(0.5) == pytest.approx(0.8)
    assert curve.accuracy_at(0.0) == 1.0


def test_equal_confidences_count_the_mean_over_their_orders():
    curve = risk_coverage(graded([0.9, 0.6, 0.6], [True, True, False]))
    assert curve.risk == pytest.approx([0, 0.5 / 2, 1 / 3])


def test_an_order_that_puts_every_error_last_has_no_excess():
    assert risk_coverage(graded([0.9, 0.8, 0.7, 0.6], [True, True, False, False])).excess_area == pytest.approx(0)


@given(st.lists(st.tuples(st.sampled_from([0.55, 0.6, 0.8, 0.95]), st.booleans()), min_size=1, max_size=60), st.randoms())
def test_the_order_of_the_texts_changes_no_curve(rows, rng):
    turned = rows.copy()
    rng.shuffle(turned)
    curves = [risk_coverage(graded(*zip(*some, strict=True))) for some in (rows, turned)]
    np.testing.assert_allclose(curves[0].risk, curves[1].risk, atol=1e-12)
    assert curves[0].risk[-1] == pytest.approx(1 - np.mean([right for _, right in rows]))


def test_a_threshold_answers_the_texts_that_reach_it():
    found = select_at(graded([0.9, 0.7, 0.6], [True, False, True]), float(np.float32(0.7)))
    assert (found.coverage, found.accuracy) == (pytest.approx(2 / 3), 0.5)
    assert np.isnan(select_at(graded([0.9], [True]), 0.95).accuracy)
    with pytest.raises(BadData, match="got nan"):
        select_at(graded([0.9], [True]), float("nan"))


def test_passing_on_the_least_sure_texts_is_worked_by_hand():
    first = graded([0.9, 0.6, 0.7, 0.7], [True, False, False, True])
    second = graded([0.9, 0.9, 0.9, 0.9], [False, True, True, True])
    found = deferral(first, second)
    # nothing passed on: 2 of 4; the .6: 3; both .7 as well: 4; all: 3
    assert found.share.tolist() == [0.0, 0.25, 0.75, 1.0]
    assert found.accuracy.tolist() == [0.5, 0.75, 1.0, 0.75]
    assert found.threshold == pytest.approx([0.0, 0.6, 0.7, 1.0])
    assert found.nearest(0.7) == 2

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from valence.evaluation.pareto import front_line, undominated

figures = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


@given(figures)
def test_a_row_is_on_the_front_exactly_when_no_other_beats_it(rows):
    def beats(a, b):
        return a[0] >= b[0] and a[1] <= b[1] and a[2] >= b[2] and a != b

    accuracy, seconds, speed = zip(*rows, strict=True)
    assert undominated(accuracy, seconds, speed).tolist() == [not any(beats(a, b) for a in rows) for b in rows]


def test_a_row_of_unknown_cost_is_neither_on_the_front_nor_in_the_way():
    assert undominated([0.99, 0.9], [np.nan, 10], [np.nan, 5]).tolist() == [False, True]
    assert undominated([0.9], [np.nan], [1.0]).tolist() == [False]


@given(figures)
def test_the_line_climbs_from_cheap_to_expensive_and_nothing_lies_above_it(rows):
    accuracy, seconds, _ = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    line = front_line(accuracy, seconds)
    assert (np.diff(accuracy[line]) > 0).all()
    assert (np.diff(seconds[line]) > 0).all()
    for a, s in zip(accuracy, seconds, strict=True):
        assert accuracy[line][seconds[line] <= s].max() >= a


def test_the_line_follows_throughput_downwards():
    assert front_line([0.8, 0.9, 0.85], [100, 10, 5], cheaper="higher").tolist() == [0, 1]

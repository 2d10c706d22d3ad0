"""A split that depends on the texts alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from valence.data._hash_split import hash_split, nearest


def test_nearest_takes_whole_groups():
    # Held after each group: 3, 4, 10; a fifth of 10 is 2, and 3 is nearer to it than nothing that may be chosen.
    assert nearest(np.array([3, 1, 6]), 0.2) == 1
    # 4 of 10 is exactly two groups.
    assert nearest(np.array([3, 1, 6]), 0.4) == 2


def test_nearest_leaves_one_group_on_either_side():
    assert nearest(np.array([1, 1]), 0.01) == 1
    assert nearest(np.array([1, 1, 1]), 0.99) == 2
    assert nearest(np.array([5]), 0.5) == 0
    assert nearest(np.array([], dtype=np.int64), 0.5) == 0


rows = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=60)


@given(rows, st.randoms(use_true_random=False))
def test_duplicates_stay_together_and_the_order_of_rows_is_of_no_account(rows, random):
    keys, strata = np.array([k for k, _ in rows], dtype=np.uint64), np.array([s for _, s in rows])
    test = hash_split(keys, strata, 0.2)
    for key in np.unique(keys):
        assert len(set(test[keys == key])) == 1
    order = list(range(len(rows)))
    random.shuffle(order)
    assert (hash_split(keys[order], strata[order], 0.2) == test[order]).all()


@given(st.integers(2, 300), st.floats(0.05, 0.95))
def test_the_share_is_met_within_half_a_row_when_all_texts_differ(n, share):
    chosen = hash_split(np.arange(n, dtype=np.uint64), np.zeros(n, dtype=np.int64), share).sum()
    assert abs(chosen - share * n) <= 0.5 or chosen in {1, n - 1}


def test_each_class_has_both_sides():
    keys = np.array([1, 2, 101, 102, 103], dtype=np.uint64)
    test = hash_split(keys, np.array([0, 0, 1, 1, 1]), 0.2)
    assert test.tolist() == [True, False, True, False, False]

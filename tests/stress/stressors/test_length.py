"""Length."""

from itertools import pairwise

import numpy as np
import pytest

from valence.stress.stressor import Given
from valence.stress.stressors.length import Length
from valence.types import Split


def given(lengths):
    texts = tuple(" ".join(f"w{i}" for i in range(n)) for n in lengths)
    split = Split(tuple(map(str, range(len(texts)))), texts, np.array([0, 1] * (len(texts) // 2)))
    return Given(("negative", "positive"), "d", split, split.select([0, 1]))


@pytest.mark.parametrize("lengths", [list(range(1, 41)), [5] * 20 + [7] * 20, [3] * 40, [0, 1] * 20])
def test_every_text_is_in_one_group_and_the_groups_go_from_short_to_long(lengths):
    trials = [t for t in Length().trials(given(lengths)) if t.before is None]
    ids = [i for t in trials for i in t.ids]
    assert sorted(ids) == sorted(map(str, range(len(lengths))))
    sizes = [len(text.split()) for t in trials for text in t.after]
    groups = [sorted(len(text.split()) for text in t.after) for t in trials if t.after]
    assert sorted(sizes) == sorted(lengths)
    assert all(a[-1] < b[0] for a, b in pairwise(groups))


def test_quarters_of_a_spread_are_of_like_size():
    groups = [len(t.after) for t in Length().trials(given(list(range(1, 41)))) if t.before is None]
    assert max(groups) - min(groups) <= 2
    assert len(groups) == 4


def test_the_two_halves_make_up_the_text():
    first, second = (t for t in Length().trials(given([5, 4])) if t.before is not None)
    assert (first.after, second.after) == (("w0 w1 w2", "w0 w1"), ("w3 w4", "w2 w3"))
    assert first.expects == second.expects == "open"

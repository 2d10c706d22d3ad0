"""Slips."""

import numpy as np
import pytest

from valence.stress.stressors.typos import NEAR, Typos, slip

TEXT = "A wonderful, moving film about 300 people who stay friends; it is funny too, and never tedious."


def words(text):
    return text.split()


@pytest.mark.parametrize("seed", range(20))
def test_at_a_rate_of_one_every_long_word_has_one_slip_inside_and_the_rest_stays(seed):
    for old, new in zip(words(TEXT), words(slip(TEXT, 1.0, np.random.default_rng(seed))), strict=True):
        bare = old.strip(",.;")
        if len(bare) < 4 or not bare.isalpha():
            assert new == old
        else:
            fresh = new.strip(",.;")
            assert (fresh[0], fresh[-1]) == (bare[0], bare[-1])
            assert abs(len(fresh) - len(bare)) <= 1
            assert sum(a != b for a, b in zip(fresh, bare, strict=False)) <= len(bare)


def test_the_slips_of_a_low_rate_are_among_those_of_a_high_one():
    for seed in range(10):
        low, high = (words(slip(TEXT * 5, rate, np.random.default_rng(seed))) for rate in (0.2, 0.6))
        plain = words(TEXT * 5)
        assert all(h == w for w, h, p in zip(low, high, plain, strict=True) if w != p)
        assert sum(w != p for w, p in zip(low, plain, strict=True)) < sum(h != p for h, p in zip(high, plain, strict=True))


def test_the_share_of_words_with_a_slip_is_the_rate():
    long = "excellent " * 4000
    changed = sum(w != "excellent" for w in words(slip(long, 0.1, np.random.default_rng(0))))
    # two equal letters that are swapped are no change: one pair of eight inner places, a quarter of the slips
    assert changed / 4000 == pytest.approx(0.1, abs=0.015)


def test_nothing_changes_at_a_rate_of_nought():
    assert slip(TEXT, 0.0, np.random.default_rng(0)) == TEXT


def test_neighbours_touch_on_the_keyboard():
    assert set(NEAR["s"]) == {"a", "d", "w", "e", "z", "x"}
    assert set(NEAR["q"]) == {"w", "a"}
    assert all(a in NEAR[b] for a, near in NEAR.items() for b in near)


def test_labels_stay(given):
    for trial in Typos(rates=(0.5,)).trials(given):
        assert (trial.expects, trial.before) == ("same", given.sample.texts)
        assert trial.labels is trial.labels_before is given.sample.labels
        assert trial.after != trial.before

"""Nested stratified samples, and texts held out for validation."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from valence.data._texts import collapse
from valence.data.subsample import hold_out, sample_per_class, subsample
from valence.errors import BadData, BadSetting
from valence.types import Split


def split(labels, texts=None):
    n = len(labels)
    return Split(tuple(f"r{i}" for i in range(n)), tuple(texts or (f"Text {i}." for i in range(n))), np.array(labels, dtype=np.int64))


many = st.lists(st.integers(0, 2), min_size=6, max_size=80).filter(lambda labels: len(set(labels)) == 3)


@given(many, st.integers(0, 2**32 - 1), st.data())
def test_a_smaller_sample_is_part_of_every_larger_one(labels, seed, data):
    whole = split(labels)
    n = data.draw(st.integers(3, len(labels)))
    m = data.draw(st.integers(3, n))
    small, large = subsample(whole, m, seed=seed, labels=3), subsample(whole, n, seed=seed, labels=3)
    assert (len(small), len(large)) == (m, n)
    assert set(small.ids) <= set(large.ids)


@given(many, st.integers(0, 99), st.data())
def test_every_class_is_there_and_has_its_share_within_one_row_beyond_that(labels, seed, data):
    n = data.draw(st.integers(3, len(labels)))
    counts = np.bincount(subsample(split(labels), n, seed=seed, labels=3).labels, minlength=3)
    exact = n * np.bincount(labels, minlength=3) / len(labels)
    assert counts.min() >= 1
    # The one guaranteed row of a rare class is taken from the others; else the apportionment stays within a row.
    assert (np.abs(counts - exact) <= 1 + np.maximum(0, 1 - exact).sum()).all()


def test_balanced_classes_give_balanced_samples():
    whole = split([0, 1] * 5000)
    for n in (2, 16, 64, 256, 1024, 4096):
        assert np.bincount(subsample(whole, n, seed=3).labels).tolist() == [n // 2, n // 2]


def test_the_sample_is_known():
    # Written down once: PCG64 draws the same rows on every platform.
    assert subsample(split([0, 1] * 50), 8, seed=1).ids == ("r30", "r37", "r46", "r50", "r61", "r71", "r74", "r95")


def test_seeds_give_different_samples_and_the_old_order_is_kept():
    whole = split([0, 1] * 200)
    first, second = subsample(whole, 20, seed=0), subsample(whole, 20, seed=1)
    assert set(first.ids) != set(second.ids)
    positions = [int(i[1:]) for i in first.ids]
    assert positions == sorted(positions)


def test_rows_without_a_label_are_left_aside():
    assert -1 not in subsample(split([0, 1, -1] * 10), 20, seed=0).labels


@pytest.mark.parametrize(
    ("labels", "n", "settings", "message"),
    [
        ([0, 1, 1], 1, {}, "n = 1 rows were asked for; 3 labelled rows of 2 classes allow 2 to 3."),
        ([0, 1, 1], 4, {}, "n = 4 rows were asked for; 3 labelled"),
        ([0, 1, 1], 3, {"labels": 3}, "No row has the label 2, and a sample needs at least one of each of 3 classes."),
        ([0, 1], 2, {"seed": -1}, "seed = -1 is negative"),
    ],
)
def test_a_sample_that_cannot_be_is_refused(labels, n, settings, message):
    with pytest.raises(BadSetting) as caught:
        subsample(split(labels), n, **{"seed": 0, **settings})
    assert message in str(caught.value)


# Few different texts, so that many are alike; the label follows from the text, as it should in real data.
alike = st.lists(st.integers(0, 9), min_size=2, max_size=60)


@given(alike, st.floats(0.05, 0.6), st.integers(0, 2**32 - 1))
def test_held_out_texts_are_whole_apart_and_stratified(numbers, fraction, seed):
    whole = split([x % 2 for x in numbers], [f"Text  {x}." if i % 2 else f"Text {x}." for i, x in enumerate(numbers)])
    distinct = [{x for x in numbers if x % 2 == c} for c in (0, 1)]
    assume(any(len(d) > 1 for d in distinct))
    train, valid = hold_out(whole, fraction, seed=seed)
    assert sorted(train.ids + valid.ids) == sorted(whole.ids)
    assert not {collapse(t) for t in train.texts} & {collapse(t) for t in valid.texts}
    for c, texts in enumerate(distinct):
        if len(texts) > 1:
            assert c in train.labels
            assert c in valid.labels
        elif texts:
            assert c in train.labels


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 1)), min_size=4, max_size=40), st.integers(0, 99))
def test_with_two_labels_each_side_has_both_even_where_texts_carry_both(rows, seed):
    whole = split([y for _, y in rows], [f"Text {x}." for x, _ in rows])
    texts_of = [{x for x, y in rows if y == c} for c in (0, 1)]
    assume(all(len(t) > 1 for t in texts_of))
    train, valid = hold_out(whole, 0.3, seed=seed)
    assert set(train.labels.tolist()) == set(valid.labels.tolist()) == {0, 1}


def test_the_fraction_is_met_in_each_class():
    train, valid = hold_out(split([0] * 900 + [1] * 100), 0.1, seed=0)
    assert np.bincount(valid.labels).tolist() == [90, 10]
    assert np.bincount(train.labels).tolist() == [810, 90]


def test_escaped_and_spaced_copies_stay_together():
    texts = ["A &amp; B", "A  &  B", "C", "D", "E", "F"]
    for seed in range(20):
        train, _ = hold_out(split([0, 0, 0, 1, 1, 1], texts), 0.4, seed=seed)
        assert ("r0" in train.ids) == ("r1" in train.ids)


def test_the_held_out_rows_are_known():
    assert hold_out(split([0, 1] * 10), 0.2, seed=1)[1].ids == ("r4", "r11", "r14", "r17")


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_a_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(BadSetting, match="It must be above 0 and below 1"):
        hold_out(split([0, 1] * 4), fraction, seed=0)


@pytest.mark.parametrize("labels", [[0, 1], [0], []])
def test_nothing_to_hold_out_is_refused(labels):
    with pytest.raises(BadData, match="no class has two different texts"):
        hold_out(split(labels), 0.5, seed=0)


@given(many, st.integers(0, 99), st.data())
def test_a_sample_per_class_holds_as_many_of_each_and_is_nested(labels, seed, data):
    most = int(np.bincount(labels, minlength=3).min())
    k = data.draw(st.integers(1, most))
    small, large = (sample_per_class(split([*labels, -1]), n, seed=seed) for n in (k, most))
    assert np.bincount(small.labels, minlength=3).tolist() == [k] * 3
    assert set(small.ids) <= set(large.ids)


def test_of_balanced_classes_a_sample_per_class_is_the_sample_of_its_size():
    whole = split([0, 1] * 50)
    assert sample_per_class(whole, 16, seed=13).ids == subsample(whole, 32, seed=13).ids


@pytest.mark.parametrize("k", [0, 3])
def test_more_of_a_class_than_there_are_is_refused(k):
    with pytest.raises(BadSetting, match="Ask for 1 to 2"):
        sample_per_class(split([0, 0, 0, 1, 1]), k, seed=0)

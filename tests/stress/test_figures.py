"""A trial's figures, counted by hand."""

import numpy as np
import pytest

from valence.evaluation.uncertainty import wilson
from valence.stress.figures import finding
from valence.stress.stressor import Trial


def p(*positive):
    return np.array([[1 - x, x] for x in positive], dtype=np.float32)


def trial(n=4, **changes):
    ids = tuple(f"t{i}" for i in range(n))
    labels = np.array([0, 1] * (n // 2))
    given = {"name": "x", "ids": ids, "after": ids, "labels": labels, "before": ids, "labels_before": labels}
    return Trial(**{**given, **changes})


def test_pairs_are_counted_as_before_after_flipped_and_both_right():
    # labels 0 1 0 1; before: right right wrong right; after: right wrong right right
    found = finding("s", trial(), p(0.1, 0.2, 0.3, 0.9), p(0.2, 0.8, 0.7, 0.9))
    assert (found.n, found.before, found.after) == (4, wilson(3, 4), wilson(3, 4))
    assert (found.flipped, found.both, found.broken) == (wilson(2, 4), wilson(2, 4), wilson(2, 4))
    assert (found.change.value, found.p) == (0.0, 1.0)
    assert found.change.low < 0 < found.change.high
    assert found.failures == ("t1", "t2")


def test_where_the_label_turns_an_answer_that_stays_is_broken():
    turned = trial(expects="turned", labels=np.array([1, 0, 1, 0]))
    found = finding("s", turned, p(0.9, 0.8, 0.9, 0.1), p(0.1, 0.8, 0.1, 0.9))
    assert (found.after, found.broken, found.failures) == (wilson(3, 4), wilson(1, 4), ("t1",))


def test_a_direction_is_broken_only_beyond_the_tolerance():
    toward = trial(expects="toward", toward=1, labels=None, labels_before=None)
    found = finding("s", toward, p(0.41, 0.39, 0.9, 0.5), p(0.5, 0.5, 0.5, 0.5))
    assert (found.broken, found.failures) == (wilson(1, 4), ("t1",))
    assert (found.before, found.after, found.change, found.both) == (None, None, None, None)


def test_without_pairs_there_is_accuracy_alone():
    alone = trial(before=None, labels_before=None, expects="open")
    found = finding("s", alone, p(0.1, 0.9, 0.9, 0.9), None)
    assert found.after == wilson(3, 4)
    assert (found.before, found.change, found.flipped, found.both, found.broken) == (None,) * 5


def test_texts_without_a_label_count_among_the_flips_only():
    partly = trial(labels=np.array([0, -1, 0, 1]), labels_before=np.array([0, 1, -1, 1]))
    found = finding("s", partly, p(0.1, 0.9, 0.1, 0.9), p(0.1, 0.9, 0.1, 0.9))
    assert (found.after, found.before, found.both, found.flipped) == (wilson(3, 3), wilson(3, 3), wilson(2, 2), wilson(0, 4))


def test_our_own_sentences_are_shown_and_others_named_by_id():
    shown = trial(own_words=True, before=tuple("abcd"), after=tuple("wxyz"))
    assert finding("s", shown, p(0.9, 0.9, 0.1, 0.9), p(0.1, 0.9, 0.1, 0.9)).failures == ("a → w",)


def test_the_interval_of_a_change_covers_it_over_drawn_pairs():
    """200 draws of 300 pairs that lose 5 points in truth: 8 % go wrong, 3 % come right."""
    rng, covered = np.random.default_rng(0), 0
    labels = np.ones(300, dtype=np.int64)
    for _ in range(200):
        u = rng.random(300)
        before, after = u > 0.1, (u > 0.18) | (u < 0.03)
        drawn = trial(300, labels=labels, labels_before=labels)
        change = finding("s", drawn, p(*np.where(after, 0.9, 0.1)), p(*np.where(before, 0.9, 0.1))).change
        covered += change.low <= -0.05 <= change.high
    assert covered >= 0.92 * 200


def test_no_labels_at_all_still_give_flips():
    found = finding("s", trial(labels=None, labels_before=None, expects="open"), p(0.1, 0.9, 0.1, 0.9), p(0.9, 0.9, 0.1, 0.9))
    assert found.flipped == wilson(1, 4)
    assert found.broken is None
    assert found.flipped.value == pytest.approx(0.25)

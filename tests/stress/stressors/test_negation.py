"""Negation, where its effect is certain."""

import numpy as np
import pytest

from valence.stress.stressor import Given
from valence.stress.stressors.negation import Negation
from valence.types import Split


@pytest.fixture
def trials(given):
    return {t.name: t for t in Negation().trials(given)}


def test_every_pair_of_praise_differs_by_its_negation_alone(trials):
    praise = trials["praise negated"]
    assert len(set(praise.before)) < len(set(praise.after)) == len(praise.after) == 168
    for before, after in zip(praise.before, praise.after, strict=True):
        negated = any(mark in after for mark in ("not ", "n't ", "never "))
        assert negated
        assert not any(mark in before for mark in ("not ", "n't ", "never "))
    assert ("I liked the plot.", "I did not like the plot.") in set(zip(praise.before, praise.after, strict=True))
    assert praise.expects == "turned"
    assert (set(praise.labels_before.tolist()), set(praise.labels.tolist())) == ({1}, {0})


def test_no_label_is_claimed_where_none_is_certain(trials):
    for name in ("blame negated", "blame added", "praise added"):
        assert (trials[name].expects, trials[name].labels, trials[name].labels_before) == ("toward", None, None)
    assert [trials[n].toward for n in ("blame negated", "blame added", "praise added")] == [1, 0, 1]


def test_the_added_sentence_stands_at_the_end_of_every_text(trials, given):
    assert all(a.startswith(b) and "did not like" in a for a, b in zip(trials["blame added"].after, given.sample.texts, strict=True))


def test_labels_in_the_other_order_are_told_apart():
    empty = Split((), (), np.zeros(0, dtype=np.int64))
    trials = {t.name: t for t in Negation().trials(Given(("positive", "negative"), "d", empty, empty))}
    assert set(trials["praise negated"].labels.tolist()) == {1}
    assert trials["blame negated"].toward == 0

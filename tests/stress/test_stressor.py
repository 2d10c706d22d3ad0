"""What every stressor owes its reader, and what they work on."""

from pathlib import Path

import numpy as np
import pytest

from valence.errors import Mismatch
from valence.stress import STRESSORS
from valence.stress.stressor import Given
from valence.types import Split

EMPTY = Split((), (), np.zeros(0, dtype=np.int64))


@pytest.mark.parametrize("name", STRESSORS.names)
def test_every_stressor_says_what_it_changes_and_where_it_comes_from_and_is_tested(name):
    stressor = STRESSORS.find(name)
    assert stressor.about
    assert any(mark in stressor.paper for mark in ("arXiv:", "ACL", "doi:"))
    assert (Path(__file__).parent / "stressors" / f"test_{name}.py").exists()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("negative", "positive"), (0, 1)),
        (("Positive", "Negative"), (1, 0)),
        (("neg", "pos"), (0, 1)),
        (("spam", "ham"), None),
        (("negative", "neutral", "positive"), None),
    ],
)
def test_praise_and_blame_are_told_by_the_names_of_the_labels(labels, expected):
    assert Given(labels, "d", EMPTY, EMPTY).polarity == expected


def test_labels_of_other_data_are_matched_by_name():
    given = Given(("negative", "positive"), "d", EMPTY, EMPTY)
    assert given.own(("Positive", "NEGATIVE"), np.array([0, 1, -1]), "x").tolist() == [1, 0, -1]
    with pytest.raises(Mismatch, match=r"x has the label 'neutral'; the run knows negative, positive\."):
        given.own(("positive", "neutral"), np.array([0, 1]), "x")


def test_a_text_s_change_does_not_depend_on_the_sample():
    given = Given(("negative", "positive"), "d", EMPTY, EMPTY, seed=3)
    assert given.random("r1").random() == given.random("r1").random() != given.random("r2").random()

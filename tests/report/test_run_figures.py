import numpy as np
import pytest

from valence.evaluation.outcomes import grade
from valence.report.board import build
from valence.report.run_figures import HARDEST, histogram


def test_every_text_is_counted_once_in_the_confusion_and_in_the_histogram(filled):
    for row in build(filled.store, "toy").rows:
        assert len(row.runs) == len(row.records)
        for run in row.runs:
            assert run.confusion.sum() == run.histogram.counts.sum() == run.curve.counts.sum() == 200
            assert np.trace(run.confusion) / 200 == pytest.approx(run.figures["accuracy"].value)
            assert len(run.wrong) <= HARDEST


def test_two_labels_are_counted_apart_by_the_second_ones_probability():
    p = np.array([[0.98, 0.02], [0.3, 0.7], [0.0, 1.0]], dtype=np.float32)
    found = histogram(grade(np.array([0, 0, 1]), p), ("bad", "good"))
    assert found.names == ("labelled bad", "labelled good")
    assert (found.counts[0, 0], found.counts[0, 13] + found.counts[0, 14], found.counts[1, -1]) == (1, 1, 1)


def test_of_more_labels_right_and_wrong_answers_are_counted_by_confidence():
    p = np.array([[0.8, 0.1, 0.1], [0.2, 0.2, 0.6]], dtype=np.float32)
    found = histogram(grade(np.array([0, 1]), p), ("a", "b", "c"))
    assert found.names == ("right", "wrong")
    assert found.counts.sum(axis=1).tolist() == [1, 1]

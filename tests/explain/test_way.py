import numpy as np
import pytest

from valence.explain.way import margin


def test_two_labels_give_log_odds_and_log_probabilities_do_too():
    logits = np.array([[1.0, 3.0]])
    log_p = logits - np.log(np.exp(logits).sum())
    assert margin(logits, 1) == pytest.approx(2.0)
    assert margin(log_p, 1) == pytest.approx(2.0)
    assert margin(log_p, 0) == pytest.approx(-2.0)


def test_three_labels_are_held_against_the_mean_of_the_others():
    assert margin(np.array([[1.0, 5.0, 2.0]]), 1) == pytest.approx(5 - 1.5)

"""The majority answers class frequencies, whatever it is asked."""

import numpy as np

from valence.methods.majority import Majority
from valence.types import Size, Split, Task


def test_it_answers_the_class_frequencies_of_train_and_valid(tmp_path):
    labels = np.array([0, 2, 2, 2, 0, 2, 2, 2], dtype=np.int64)
    whole = Split(tuple("abcdefgh"), tuple("abcdefgh"), labels)
    task = Task(("x", "y", "z"))
    fitted = Majority().fit(whole.select(range(5)), whole.select(range(5, 8)), task)
    assert fitted.predict(["good", ""]).probabilities.tolist() == [[0.25, 0.0, 0.75]] * 2
    assert fitted.predict([]).probabilities.shape == (0, 3)
    assert fitted.size == Size(3, 3)
    fitted.save(tmp_path)
    assert Majority().load(tmp_path, task).predict(["x"]).probabilities.tolist() == [[0.25, 0.0, 0.75]]


def test_frequencies_without_a_finite_binary_form_survive_a_reload(tmp_path):
    labels = np.array([0, 1, 1], dtype=np.int64)
    fitted = Majority().fit(Split(tuple("abc"), tuple("abc"), labels), Split((), (), labels[:0]), Task(("x", "y")))
    fitted.save(tmp_path)
    again = Majority().load(tmp_path, Task(("x", "y")))
    np.testing.assert_array_equal(again.predict(["t"]).probabilities, fitted.predict(["t"]).probabilities)

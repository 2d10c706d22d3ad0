import numpy as np

from valence.serve.waiting import Request, Waiting
from valence.types import Predictions


def filled(*sizes):
    waiting = Waiting()
    for number, size in enumerate(sizes):
        waiting.add(Request([f"{number}.{i}" for i in range(size)]))
    return waiting


def taken(waiting, most):
    return [text for part in waiting.take(most) for text in part.texts]


def test_the_oldest_request_is_taken_first():
    waiting = filled(2, 1)
    assert taken(waiting, 8) == ["0.0", "0.1", "1.0"]
    assert (len(waiting), waiting.texts) == (0, 0)


def test_what_is_left_of_a_large_request_goes_behind_the_others():
    waiting = filled(5, 1)
    assert taken(waiting, 2) == ["0.0", "0.1"]
    assert waiting.texts == 4
    assert taken(waiting, 2) == ["1.0", "0.2"]
    assert taken(waiting, 8) == ["0.3", "0.4"]


def test_a_dropped_request_is_no_longer_waited_for():
    waiting = filled(5, 1)
    large = waiting.take(2)[0].request
    waiting.drop(large)
    assert (len(waiting), waiting.texts) == (1, 1)
    assert taken(waiting, 8) == ["1.0"]


def test_parts_are_joined_in_order_and_only_the_last_completes_the_request():
    request = Request(["a", "b", "c"])
    request.answer(Predictions(np.array([[1, 0], [0, 1]], np.float32), ("yes", "no")))
    assert not request.future.done()
    request.answer(Predictions(np.array([[0.5, 0.5]], np.float32), ("perhaps",)))
    found = request.future.result()
    np.testing.assert_array_equal(found.probabilities, [[1, 0], [0, 1], [0.5, 0.5]])
    assert found.responses == ("yes", "no", "perhaps")


def test_a_user_who_goes_away_cannot_make_a_request_refuse_its_answer():
    request = Request(["a"])
    assert not request.future.cancel()
    request.answer(Predictions(np.array([[1, 0]], np.float32)))
    assert request.future.result().responses is None

"""Requests run side by side; when the reader leaves, nothing more is begun."""

import threading
import time

import pytest

from valence.llm.chat_server import ChatServer
from valence.llm.connection import Connection
from valence.llm.parallel import as_they_come


def never():
    raise AssertionError("nothing was to be broken off")


def test_all_items_come_once_with_no_more_than_so_many_at_a_time():
    lock, now, most = threading.Lock(), [0], [0]

    def work(item):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002)
        with lock:
            now[0] -= 1
        return item * item

    assert dict(as_they_come(work, range(50), 4, never)) == {i: i * i for i in range(50)}
    assert 2 <= most[0] <= 4


def test_a_reader_that_leaves_stops_what_was_not_begun():
    begun, stopped = [], []
    stream = as_they_come(lambda item: begun.append(item) or time.sleep(0.005), range(1000), 2, lambda: stopped.append(True))
    next(stream)
    stream.close()
    time.sleep(0.05)
    assert len(begun) < 20
    assert stopped == [True]


def test_an_error_in_one_item_reaches_the_reader():
    def work(item):
        raise ZeroDivisionError(item)

    with pytest.raises(ZeroDivisionError):
        list(as_they_come(work, range(5), 2, lambda: None))


def test_leaving_a_slow_server_takes_no_longer_than_the_answers_under_way(server, patience, questions, ask):
    server.faults = [None, *["slow"] * 50]
    chat = ChatServer(Connection(server.url, patience()), "tiny:1b", 2, "id", 0, True)
    stream = chat.ask(questions(*(f"Review {i}" for i in range(50))), ask("generate"))
    next(stream)
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 5.0
    assert len(server.asked) <= 5
    server.faults = []
    assert len(dict(chat.ask(questions("Fun."), ask("generate")))) == 1, "it can be asked again"
    chat.close()

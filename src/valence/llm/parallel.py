"""Many waiting requests at a time, few of them in memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

WAKE_SECONDS = 0.5
"""How often a wait for answers looks up: on Windows a wait without an end does not notice Ctrl-C."""


def as_they_come(do: Callable[[A], B], items: Sequence[A], workers: int, stop: Callable[[], None]) -> Iterator[tuple[int, B]]:
    """Yield the position and the result of `do` for each item, as they are done.

    The threads are daemons and not a pool's, which the interpreter would wait for: after Ctrl-C nobody waits for a slow server.

    Args:
        do: called in threads.
        items: in the order in which they are begun.
        workers: how many at a time.
        stop: breaks off what is under way; called when the reader leaves before the end, by Ctrl-C or an error.
    """
    todo, lock, left = iter(enumerate(items)), threading.Lock(), threading.Event()
    done: queue.Queue[tuple[int, B | None, BaseException | None]] = queue.Queue()

    def work() -> None:
        while not left.is_set():
            with lock:
                step = next(todo, None)
            if step is None:
                return
            try:
                done.put((step[0], do(step[1]), None))
            except BaseException as error:
                done.put((step[0], None, error))

    for _ in range(min(workers, len(items))):
        threading.Thread(target=work, daemon=True, name="ask").start()
    whole = False
    try:
        for _ in range(len(items)):
            i, result, error = _next(done)
            if error is not None:
                raise error
            yield i, result  # type: ignore[misc]
        whole = True
    finally:
        left.set()
        if not whole:
            stop()


def _next(done: queue.Queue[B]) -> B:
    while True:
        try:
            return done.get(timeout=WAKE_SECONDS)
        except queue.Empty:
            continue

"""Many waiting requests at a time, few of them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def as_they_come(do: Callable[[A], B], items: Sequence[A], workers: int, stop: Callable[[], None]) -> Iterator[tuple[int, B]]:
    """Yield the position and the result of `do` for each item, as they are done.

    Args:
        do: called in threads.
        items: in the order in which they are begun.
        workers: how many at a time.
        stop: breaks off what is under way; called when the reader leaves before the end, by Ctrl-C or an error.
    """
    pool, waiting = ThreadPoolExecutor(workers, thread_name_prefix="ask"), dict[Future[B], int]()
    try:
        for i, item in enumerate(items):
            if len(waiting) >= 2 * workers:
                yield from _finished(waiting)
            waiting[pool.submit(do, item)] = i
        while waiting:
            yield from _finished(waiting)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        stop()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _finished(waiting: dict[Future[B], int]) -> Iterator[tuple[int, B]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        yield waiting.pop(future), future.result()

"""Requests that arrive together are read in one call, by the one thread that owns the classifier.

While the model reads, requests gather; when it is free it takes up to `max_batch` texts of them. A request larger than that
is read in parts, and after each part stands behind the others, so that a small one never waits for all of a large one. Waiting
for company is worth it only where there is company (delayed batching, Crankshaw et al., 2017, arXiv:1612.03079, section 4.3):
the thread waits until as many requests are there as were in flight at the call before, `max_wait_ms` at most, and so not at
all for one user alone.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

import numpy as np

from valence.errors import FailedRun
from valence.serve.limits import Limits
from valence.serve.waiting import Part, Request, Waiting
from valence.types import Classifier, Predictions

FIRST = "A film that I will remember."
"""Read once before the first request, which would otherwise wait for what a model does only once."""
PATIENCE = 60
"""Longest `Retry-After`, in seconds."""

log = logging.getLogger("valence.serve")


class NotNow(Exception):
    """The request is sound but cannot be answered at present; it may be sent again after `seconds`."""

    def __init__(self, reason: str, seconds: int) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Observer(Protocol):
    """Counts what the thread does."""

    def call(self, requests: int, texts: int, seconds: float) -> None:
        """The model read `texts` texts of `requests` requests."""

    def failure(self) -> None:
        """The model raised."""


class Batcher:
    """Answers requests, each as if it were alone."""

    def __init__(self, load: Callable[[], Classifier], labels: int, limits: Limits, observer: Observer | None = None) -> None:
        """Prepare; nothing is loaded before `start`.

        Args:
            load: makes the classifier, in the thread that will own it.
            labels: how many columns its probabilities have.
            limits: how many texts make a call, how long it waits, how many may queue.
            observer: counts calls and failures.
        """
        self.limits = limits
        self.failure: BaseException | None = None
        """What the loading, or the thread, ended with."""
        self.on_ready: Callable[[], None] = lambda: None
        """Called in the thread when the classifier is there."""
        self.on_failure: Callable[[], None] = lambda: None
        """Called in the thread when `failure` is set."""
        self._load, self._labels, self._observer = load, labels, observer
        self._classifier: Classifier | None = None
        self._waiting = Waiting()
        self._reading: list[Part] = []
        self._expected = 1
        self._speed = 0.0
        self._closing = False
        self._arrival = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="valence-model", daemon=True)

    @property
    def ready(self) -> bool:
        """Whether requests are answered."""
        return self._classifier is not None and self.failure is None and not self._closing

    @property
    def device(self) -> str:
        """Where the classifier computes; empty while it is loading."""
        return "" if self._classifier is None else str(getattr(self._classifier, "device", "cpu"))

    @property
    def waiting(self) -> int:
        """Texts in the queue."""
        return self._waiting.texts

    def start(self) -> None:
        """Start the thread, which loads the classifier first."""
        self._thread.start()

    def close(self) -> None:
        """Answer what is in the queue, then end the thread; one that is still loading is left to the end of the process."""
        with self._arrival:
            self._closing = True
            self._arrival.notify()
        if self._classifier is not None:
            self._thread.join()

    def submit(self, texts: Sequence[str]) -> Future[Predictions]:
        """Queue a request of one text or more.

        Returns:
            A future of its predictions, in the order of `texts`; or of FailedRun where the model raised on them.

        Raises:
            NotNow: the classifier is loading, the queue is full, or the server is about to end.
        """
        with self._arrival:
            if not self.ready:
                raise NotNow("The server is ending." if self._closing else "The model is loading. Ask again in a moment.", 2)
            waiting = self._waiting.texts
            if waiting and waiting + len(texts) > self.limits.max_queue:
                full = f"The queue is full: {waiting:,} texts wait and {self.limits.max_queue:,} may."
                raise NotNow(f"{full} Ask again in {self._patience()} s.", self._patience())
            request = Request(texts)
            self._waiting.add(request)
            self._arrival.notify()
            return request.future

    def _patience(self) -> int:
        """Return the seconds that the queue will take at the present speed."""
        return min(PATIENCE, max(1, math.ceil(self._waiting.texts / self._speed))) if self._speed else 1

    # ------------------------------------------------------------ in the thread

    def _work(self) -> None:
        try:
            classifier = self._load()
            classifier.predict((FIRST,))
            self._classifier = classifier
            self.on_ready()
            while parts := self._next():
                self._reading = parts
                self._read(parts)
            getattr(classifier, "close", lambda: None)()
        except BaseException as error:  # whatever ends this thread must end the server, or every request would hang
            self.failure = error
            self._give_up()
            self.on_failure()

    def _give_up(self) -> None:
        with self._arrival:
            for request in (*self._waiting.clear(), *(part.request for part in self._reading)):
                request.fail(FailedRun("The model cannot be asked any more. Start the server again."))

    def _next(self) -> list[Part]:
        """Return what is to be read in one call; nothing at the end."""
        with self._arrival:
            while not self._waiting and not self._closing:
                self._arrival.wait()
            latest = time.monotonic() + self.limits.max_wait_ms / 1000
            while len(self._waiting) < self._expected and self._waiting.texts < self.limits.max_batch and not self._closing:
                left = latest - time.monotonic()
                if left <= 0:
                    break
                self._arrival.wait(left)
            return self._waiting.take(self.limits.max_batch)

    def _read(self, parts: list[Part]) -> None:
        """Ask the model; where it raises on several requests together, ask about each by itself."""
        texts = [text for part in parts for text in part.texts]
        started = time.perf_counter()
        try:
            found = self._checked(texts)
        except Exception as error:  # a model may raise anything, and the next request may be sound
            self._failed(parts, error)
            return
        seconds = time.perf_counter() - started
        if self._observer is not None:
            self._observer.call(len(parts), len(texts), seconds)
        self._note(parts, len(texts) / max(seconds, 1e-9))
        start = 0
        for part in parts:
            end = start + len(part.texts)
            part.request.answer(Predictions(found.probabilities[start:end], found.responses and found.responses[start:end]))
            start = end

    def _checked(self, texts: list[str]) -> Predictions:
        assert self._classifier is not None
        found = self._classifier.predict(texts)
        p = found.probabilities
        if p.shape != (len(texts), self._labels) or not np.isfinite(p).all():
            raise FailedRun(f"{len(texts)} texts got probabilities of shape {p.shape}, or such as are not finite.")
        return found

    def _failed(self, parts: list[Part], error: Exception) -> None:
        _tell(error, sum(len(part.texts) for part in parts))
        if self._observer is not None:
            self._observer.failure()
        if len(parts) > 1:
            for part in parts:
                self._read([part])
            return
        with self._arrival:
            self._waiting.drop(parts[0].request)
        parts[0].request.fail(FailedRun("The model could not read this request; the server's log names the place."))

    def _note(self, parts: list[Part], speed: float) -> None:
        """Remember how many requests are in flight, and the speed, of which the last calls count most."""
        with self._arrival:
            self._expected = len(self._waiting) + sum(part.request not in self._waiting for part in parts)
            self._speed = 0.8 * self._speed + 0.2 * speed if self._speed else speed


def _tell(error: Exception, texts: int) -> None:
    """Log where the model raised; never what it said, since an exception's message may quote a text."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("The model failed on %d texts: %s in %s, line %s.", texts, type(error).__name__, place.filename, place.lineno)


__all__ = ["Batcher", "NotNow", "Observer"]

"""The queue: requests in the order of their arrival, taken in calls of a bounded number of texts."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from valence.types import Predictions


@dataclass(eq=False)
class Request:
    """Texts that one user sent together."""

    texts: Sequence[str]
    future: Future[Predictions] = field(default_factory=Future)
    """Of the predictions, in the order of `texts`."""
    taken: int = 0
    """How many of the texts were handed to the model."""
    parts: list[Predictions] = field(default_factory=list)
    """What the model said so far."""

    def __post_init__(self) -> None:
        self.future.set_running_or_notify_cancel()  # a user who goes away must not make the future refuse its result

    @property
    def left(self) -> int:
        """Texts that were not yet handed to the model."""
        return len(self.texts) - self.taken

    def answer(self, found: Predictions) -> None:
        """Add the next part; the last one completes the future."""
        self.parts.append(found)
        if sum(len(part.probabilities) for part in self.parts) == len(self.texts):
            self.future.set_result(_joined(self.parts))

    def fail(self, error: Exception) -> None:
        """Complete the future with an error, unless it is complete."""
        if not self.future.done():
            self.future.set_exception(error)


@dataclass(frozen=True, slots=True)
class Part:
    """What one call reads of one request."""

    request: Request
    texts: Sequence[str]


class Waiting:
    """Requests with texts that no call has read; not safe by itself for several threads."""

    def __init__(self) -> None:
        self.texts = 0
        """How many wait."""
        self._requests: deque[Request] = deque()

    def __len__(self) -> int:
        return len(self._requests)

    def __contains__(self, request: Request) -> bool:
        return request in self._requests

    def add(self, request: Request) -> None:
        """Put a request behind all others."""
        self._requests.append(request)
        self.texts += request.left

    def take(self, most: int) -> list[Part]:
        """Take up to `most` texts, the oldest request first; what is left of a large one goes behind the others."""
        parts, room, unfinished = [], most, []
        while self._requests and room:
            request = self._requests.popleft()
            part = Part(request, request.texts[request.taken : request.taken + room])
            parts.append(part)
            request.taken += len(part.texts)
            room -= len(part.texts)
            if request.left:
                unfinished.append(request)
        self._requests.extend(unfinished)
        self.texts -= most - room
        return parts

    def drop(self, request: Request) -> None:
        """Forget what is left of a request."""
        if request in self._requests:
            self._requests.remove(request)
            self.texts -= request.left

    def clear(self) -> list[Request]:
        """Forget all, and return them."""
        found = list(self._requests)
        self._requests.clear()
        self.texts = 0
        return found


def _joined(parts: Sequence[Predictions]) -> Predictions:
    if len(parts) == 1:
        return parts[0]
    probabilities: NDArray[np.float32] = np.concatenate([part.probabilities for part in parts])
    said = None if any(p.responses is None for p in parts) else tuple(word for p in parts for word in p.responses or ())
    return Predictions(probabilities, said)


__all__ = ["Part", "Request", "Waiting"]

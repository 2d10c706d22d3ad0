"""Forward and backward passes captured as CUDA graphs: a step of few texts is launched as one, not as two thousand kernels.

A graph is captured for each room (shapes that steps of similar lengths share, `room_for`), when a room is met for the second time:
the first pass through it is carried out as it stands, which compiles, tunes and fills caches. Steps differ in nothing but the rows
they read, which are copied to one place on the device; texts, lengths and labels are gathered inside the graph. A room may be for
more texts than a step has: the others are one word long, and no loss counts them. Where a capture fails, all is carried out as it
stands from then on.
"""

from __future__ import annotations

import contextlib
import gc
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from valence.training.encoders.layout import Room, room_for
from valence.training.examples import Batch, Examples

MOST = 64
"""Graphs of one training at most: steps of further rooms are carried out as they stand."""

LARGEST = 32_768
"""Tokens of a room that is captured at most: the kernels of a larger one take longer than their launches, and its graph much memory."""

IGNORED = -100
"""Label of a text that is not there: torch's cross-entropy counts none of it."""

Pass = Callable[[Batch], Tensor]
"""Computes a loss and adds its gradients to those that are there."""


@runtime_checkable
class OneShape(Protocol):
    """A network that reads the texts of a room by the same kernels whatever their lengths."""

    def within(self, room: Room) -> contextlib.AbstractContextManager[None]:
        """Read texts whose lengths lie on the device."""

    def has_one_shape(self, device: torch.device, precision: str) -> bool:
        """Return whether it can, on this device and in this precision."""


def row_for(lengths: NDArray[np.int64], most: int) -> Room | None:
    """Return the room of texts read one behind the other, or none when it is too large to be captured."""
    room = room_for(lengths, most)
    return room if room.tokens <= LARGEST else None


class Replay:
    """The passes of one training."""

    def __init__(self, network: nn.Module, train: Examples, work: Pass) -> None:
        """Prepare for steps over `train`; `work` runs one pass. A network with a `room_for` of its own says what its rooms are."""
        self._network: Any = network
        self._work = work
        self._train = train
        self._lengths = torch.from_numpy(train.lengths).to(train.device)
        self._starts = self._lengths.cumsum(0) - self._lengths
        self._most = int(train.lengths.max(initial=1))
        self._room_for: Callable[[NDArray[np.int64], int], Room | None] = getattr(network, "room_for", row_for)
        self._graphs: dict[Room, _Graph | None] = {}
        on_gpu = train.device.type == "cuda"
        self._left = MOST if on_gpu else 0
        self._pool = torch.cuda.graph_pool_handle() if on_gpu else None
        self._stream = torch.cuda.Stream(train.device) if on_gpu else None  # type: ignore[no-untyped-call]
        self._parameters = [p for p in network.parameters() if p.requires_grad]

    def __call__(self, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss of the texts `rows`, a scalar; their gradients stand in `grad` of each parameter, in the same place each step."""
        room = self.room_of(rows)
        if room is None:
            self._forget_gradients()
            # in the captures' stream too: compiled layers keep the places of their gradients in the stream that met them first
            with self._beside():
                return self._work(self._train.batch(rows)).detach()
        index = torch.full((room.texts,), -1)
        index[: len(rows)] = torch.from_numpy(np.ascontiguousarray(rows))
        known = self._graphs.get(room)
        if known is None and room in self._graphs and self._left:
            self._left -= 1
            known = self._graphs[room] = self._capture(room)
        if known is not None:
            return known(index)
        self._graphs.setdefault(room, None)
        with self._beside():
            return self._pass(index.to(self._train.device), room)

    def room_of(self, rows: NDArray[np.intp]) -> Room | None:
        """Return the room that the texts `rows` are read in; none where they are read as they stand."""
        return self._room_for(self._train.lengths[rows], self._most)

    def replays(self, rows: NDArray[np.intp]) -> bool:
        """Return whether a step over the texts `rows` is replayed, as far as has been captured."""
        room = self.room_of(rows)
        return room is not None and self._graphs.get(room) is not None

    def _pass(self, rows: Tensor, room: Room) -> Tensor:
        self._forget_gradients()
        with self._network.within(room):
            return self._work(self._batch(rows, room)).detach()

    def _forget_gradients(self) -> None:
        grads = [p.grad for p in self._parameters if p.grad is not None]
        if grads:
            torch._foreach_zero_(grads)

    @contextlib.contextmanager
    def _beside(self) -> Iterator[None]:
        """Work in the stream of the captures, in which autograd then expects the gradients."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            yield
        torch.cuda.current_stream().wait_stream(self._stream)

    def _batch(self, rows: Tensor, room: Room) -> Batch:
        train = self._train
        is_text = rows >= 0
        lengths = torch.where(is_text, self._lengths[rows], 1)
        time = torch.arange(room.longest, device=train.device)
        place = torch.where(time < lengths[:, None], self._starts[rows][:, None] + time, len(train.ids) - 1)
        return Batch(train.ids[place].long(), lengths, torch.where(is_text, train.labels[rows], IGNORED))

    def _capture(self, room: Room) -> _Graph | None:
        """Return the captured pass; when that fails, none, and nothing is captured any more."""
        device = self._train.device
        generator = torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
        before = generator.clone_state()
        try:
            return self._record(room)
        except RuntimeError as failure:
            warnings.warn(f"No step is replayed from here on, which is slower: capturing one failed ({failure}).", stacklevel=3)
            self._left = 0
            self._graphs = dict.fromkeys(self._graphs)
            # a broken capture leaves the generator waiting for its end
            generator.graphsafe_set_state(before)
            return None

    def _record(self, room: Room) -> _Graph:
        rows = torch.zeros(room.texts, dtype=torch.int64, device=self._train.device)
        graph = torch.cuda.CUDAGraph()
        with _no_collection(), self._beside():
            # not `torch.cuda.graph`, which empties torch's cache of memory each time
            graph.capture_begin(pool=self._pool)
            try:
                loss = self._pass(rows, room)
            finally:
                graph.capture_end()
        return _Graph(graph, rows, loss)


class _Graph:
    """One captured pass and where it reads and writes."""

    def __init__(self, graph: torch.cuda.CUDAGraph, rows: Tensor, loss: Tensor) -> None:
        self._graph = graph
        self._rows = rows
        self._loss = loss

    def __call__(self, rows: Tensor) -> Tensor:
        self._rows.copy_(rows, non_blocking=True)
        self._graph.replay()
        return self._loss.clone()


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from freeing another graph in the midst of a capture, which would break it."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


__all__ = ["IGNORED", "MOST", "OneShape", "Replay"]

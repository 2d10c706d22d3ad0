"""One training by several processes, each on a device of its own (`torchrun`, `accelerate launch`).

Data parallelism in its plainest form (Li et al., 2020, arXiv:2006.15704, section 2): the texts of a step are dealt out, every
process computes the gradients of its share, their sum is clipped and stepped once. One process leads: it holds the optimiser, the
averages, the checkpoints and the record, and sends the weights before each step; the others keep nothing between two steps, so
that a training resumes from the leader's checkpoint alone, and with any number of processes.

A step's loss is a sum over its texts (`CrossEntropy`), so that the sum over the processes is that of a single one, to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn

from valence.errors import BadSetting

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

Passes = Callable[[NDArray[np.intp]], Tensor]
"""Leaves the gradients of the texts of these rows in `grad` of each parameter, and returns their loss."""

OVER = -1
"""Said in place of a step's number when there are no more."""
PATIENCE = timedelta(days=1)
"""How long a process waits for the others: the leader validates and reads data meanwhile."""


class Dismissed(Exception):
    """The leader ended without a training: the run was finished already, or refused."""


class Crew:
    """A process among those that were started together."""

    def __init__(self, store: Store, rank: int, size: int, place: int, kind: str) -> None:
        """Take the store that all reach, this process's number, how many there are, and its number on this machine."""
        self.rank = rank
        self.size = size
        self._store = store
        self._place = place
        self._kind = kind
        self._at_rest = True

    @property
    def leads(self) -> bool:
        """Whether this is the process that steps, writes and speaks."""
        return self.rank == 0

    def device(self, name: str) -> str:
        """Return this process's device: of several GPUs the one with its number.

        Raises:
            BadSetting: one device was named for all, or a kind that several processes cannot share.
        """
        if name not in {"auto", "cpu", "cuda"}:
            raise BadSetting(f"device = {name} is one device, and {self.size} processes were started. Give auto, cuda or cpu.")
        return f"cuda:{self._place}" if self._kind == "cuda" and name != "cpu" else "cpu"

    def share(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return this process's texts of a step; its neighbours are alike in length, so that shares are alike in words."""
        return rows[self.rank :: self.size]

    def begin(self) -> None:
        """Lead: a training is about to begin. Follow: wait until it does.

        Raises:
            Dismissed: there will be none.
        """
        if self.leads:
            self._store.set("valence", "training")
        elif self._said() == "over":
            raise Dismissed

    def is_led(self) -> bool:
        """Wait for the leader's word, and return whether it went on to a training."""
        return self._said() == "training"

    def _said(self) -> str:
        self._store.wait(["valence"], PATIENCE)
        return bytes(self._store.get("valence")).decode()

    def lead(self, step: int, rows: NDArray[np.intp], passes: Passes, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Have the texts `rows` worked on by all; return their loss, with their gradients in `grad` of each parameter."""
        self._at_rest = False
        with _met():
            _announce(step, parameters[0].device)
            _each_dtype(parameters, lambda flat: dist.broadcast(flat, 0), back=False)
        loss = self._work(rows, passes, parameters)
        self._at_rest = True
        return loss

    def follow(self, passes: Passes, batches: Sequence[NDArray[np.intp]], parameters: Sequence[nn.Parameter], seed: int) -> None:
        """Work on this process's share of the steps that the leader names, until it says that there are no more."""
        device = parameters[0].device
        while (step := int(_announce(OVER, device))) != OVER:
            _each_dtype(parameters, lambda flat: dist.broadcast(flat, 0))
            # by the step, not by what was drawn before: the same after a resumption
            torch.manual_seed(((seed << 32) + step * self.size + self.rank) % 2**63)
            self._work(batches[step], passes, parameters)

    def rest(self, device: torch.device) -> None:
        """Lead: there are no more steps. Where a step was broken off the others are in the midst of it: their launcher ends them."""
        if self._at_rest:
            _announce(OVER, device)

    def close(self) -> None:
        """Lead: let those go who wait for a training that does not begin. All: leave the group."""
        if self.leads and self._at_rest:
            with suppress(RuntimeError):
                self._store.set("valence", "over")
        if self._at_rest:
            dist.destroy_process_group()

    def _work(self, rows: NDArray[np.intp], passes: Passes, parameters: Sequence[nn.Parameter]) -> Tensor:
        own = self.share(rows)
        loss = passes(own).detach().float().clone() if len(own) else torch.zeros((), device=parameters[0].device)
        gradients = [torch.zeros_like(p) if p.grad is None or not len(own) else p.grad for p in parameters]
        with _met():
            _each_dtype(gradients, lambda flat: dist.reduce(flat, 0), back=self.leads)
            dist.reduce(loss, 0)
        return loss


@contextmanager
def _met() -> Iterator[None]:
    """Take another process's end, which gloo reports as an error and NCCL leaves to the launcher, as a stop and not as a failure."""
    try:
        yield
    except RuntimeError as reason:
        raise KeyboardInterrupt(f"Another of the processes has ended ({str(reason).splitlines()[0][-120:]}).") from None


def _announce(step: int, device: torch.device) -> Tensor:
    """Say the leader's number to all, and return it; the leader does not wait for its device to have said it."""
    said = torch.tensor([step], device=device)
    dist.broadcast(said, 0)
    return said


@torch.no_grad()
def _each_dtype(tensors: Iterable[Tensor], exchange: Callable[[Tensor], object], *, back: bool = True) -> None:
    """Lay tensors of one dtype in a row, exchange it, and put what came back where it belongs."""
    for _, group in groupby(sorted(tensors, key=lambda t: str(t.dtype)), key=lambda t: t.dtype):
        parts = list(group)
        flat = torch.cat([part.reshape(-1) for part in parts])
        exchange(flat)
        if back:
            for part, found in zip(parts, torch.split(flat, [part.numel() for part in parts]), strict=True):
                part.copy_(found.view_as(part))


_crew: list[Crew] = []


def join() -> Crew:
    """Meet the other processes that the launcher started; as in torch.distributed there is one group per process.

    Raises:
        BadSetting: this PyTorch cannot, or the launcher left out where to meet.
    """
    if not dist.is_available():
        raise BadSetting("This PyTorch is built without torch.distributed. Start valence by itself.")
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    kind = "cuda" if torch.cuda.is_available() else "cpu"
    place = int(os.environ.get("LOCAL_RANK", "0"))
    try:
        store, rank, size = next(rendezvous("env://", timeout=PATIENCE))
        if kind == "cuda":
            torch.cuda.set_device(place)
        dist.init_process_group("nccl" if kind == "cuda" else "gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE)
    except (ValueError, RuntimeError) as reason:
        raise BadSetting(f"The processes did not meet ({str(reason).splitlines()[0]}). Start them with torchrun.") from None
    _crew[:] = [Crew(PrefixStore("valence", store), rank, size, place, kind)]
    return _crew[0]


def crew() -> Crew | None:
    """Return this process's place among those that `join`ed, None where it works by itself."""
    return _crew[0] if _crew else None


__all__ = ["Crew", "Dismissed", "crew", "join"]

"""A Ray cluster by its address; every way not to reach one is told in one line, and soon."""

from __future__ import annotations

import io
import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

from valence.errors import BadSetting, MissingPackage

REACH_SECONDS = 5.0
"""How long an address has to answer; Ray itself would try for minutes and then end the process."""


@contextmanager
def connect(address: str, why: str = "--ray") -> Iterator[Any]:
    """Yield the module `ray`, connected; the connection is closed at the end unless it was there before.

    Args:
        address: `HOST:PORT` of a running cluster; `auto` for $RAY_ADDRESS, else the cluster that runs on this machine, else
            one started here for the time of the command.
        why: the flag that asked for it.

    Raises:
        MissingPackage: Ray is not installed.
        BadSetting: nothing answers there, or a Ray or Python of another version.
    """
    try:
        import ray
    except ImportError:
        raise MissingPackage("ray", "ray", why) from None
    if ray.is_initialized():
        with _without_alarms():
            yield ray
        return
    _check(address, why)
    # a cluster started here sends its makers no reports of use; one that runs already was asked by who started it
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with _without_alarms():
        try:
            ray.init(address=None if address == "auto" else address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise BadSetting(f"{why} {address}: {' '.join(str(error).split())[:200]}") from None
        try:
            yield ray
        finally:
            with redirect_stdout(io.StringIO()):  # alarms that it kept back come out at the end
                ray.shutdown()


def node_name(ray: Any) -> str:  # noqa: ANN401 - a module that is there only when it was asked for
    """Return a name for the machine this task runs on: its address and the beginning of Ray's id, as one machine may hold two nodes."""
    return f"{ray.util.get_node_ip_address()} ({ray.get_runtime_context().get_node_id()[:6]})"


def _check(address: str, why: str) -> None:
    if address == "auto":
        return
    if address.startswith("ray://"):
        raise BadSetting(
            f"{why} {address} is Ray's client, which sees neither the store nor its locks. Start the command on a machine of the "
            f"cluster, with {why} auto."
        )
    found = re.fullmatch(r"\[?([\w.:-]+?)\]?:(\d{1,5})", address)
    if found is None:
        raise BadSetting(f"{why} {address!r} is no address. Give HOST:PORT, as `ray start --head` prints it, or auto.")
    try:
        socket.create_connection((found[1], int(found[2])), timeout=REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise BadSetting(f"{why} {address}: nothing answers there ({error}). Start a cluster with: ray start --head") from None


class _Filtered:
    """A stream without what Ray's listener for alarms prints into it: pages of a lost node's log, amid our JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return len(text) if threading.current_thread().name == "ray_listen_error_messages" else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)


@contextmanager
def _without_alarms() -> Iterator[None]:
    before = sys.stdout
    filtered = _Filtered(before)
    sys.stdout = filtered
    try:
        yield
    finally:
        if sys.stdout is filtered:
            sys.stdout = before


__all__ = ["REACH_SECONDS", "connect", "node_name"]

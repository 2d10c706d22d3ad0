"""`serve`: binds, loads, listens, and ends with every request answered."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

from valence.errors import BadSetting, MissingPackage
from valence.report.table import percent
from valence.serve.batcher import Batcher
from valence.serve.card import Card, describe
from valence.serve.limits import Limits
from valence.serve.opening import open_to_serve
from valence.store import RunStore
from valence.types import Classifier

NEEDED = ("fastapi", "uvicorn", "prometheus_client")
"""Packages of the extra `serve`."""
HIGHEST_PORT = 65535


def require() -> None:
    """Check that what serving needs is installed.

    Raises:
        MissingPackage: it is not.
    """
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingPackage(name, "serve", "valence serve")


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes any free one.

    Raises:
        BadSetting: there is no such port, it is in use, or the host is none of this machine.
    """
    if not 0 <= port <= HIGHEST_PORT:
        raise BadSetting(f"--port {port} cannot be: ports are 0 (any that is free) to {HIGHEST_PORT}.")
    try:
        made = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).split("[")[0].split("(")[0].strip().rstrip(".")
        raise BadSetting(f"{host} port {port} cannot be listened at: {reason}. Give another --port or --host.") from None
    # asyncio turns Nagle's algorithm off only where it reads TCP here, which create_server leaves out: an answer would take 40 ms more
    return socket.socket(made.family, made.type, socket.IPPROTO_TCP, fileno=made.detach())


def serve(
    name: str,
    store: RunStore,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    device: str = "auto",
    limits: Limits | None = None,
    calibrated: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a run until Ctrl-C or SIGTERM, and return when every request that had arrived is answered.

    Args:
        name: a run's id, the beginning of it, its folder, or a folder that `valence export RUN --to onnx` wrote.
        store: where the runs are.
        host: address to listen at.
        port: 0 takes any free one; the address that is said has it.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
        limits: what a request may ask for.
        calibrated: scale the probabilities by the temperature that `valence calibrate` found.
        say: shows a line.

    Raises:
        MissingPackage: the extra `serve` is not installed.
        ValenceError: the run cannot be served, or the address cannot be listened at.
    """
    require()
    card = describe(name, store, calibrated=calibrated)
    listening = bind(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    for line in introduction(card, address, host):
        say(line)
    _run(card, lambda: open_to_serve(name, store, device=device), limits or Limits(), listening, say)


def introduction(card: Card, address: str, host: str) -> list[str]:
    """Return the lines that say where and what."""
    lines = [f"{address}  serves {card.run}"]
    made = card.method or card.preset
    trained = f"all of {card.data}" if card.n_train is None else f"{card.n_train:,} texts of {card.data}"
    lines.append(f"  method     {made}{f' on {card.backbone}' if card.backbone else ''}" + (f", trained on {trained}" if card.data else ""))
    found = card.metrics.get("accuracy")
    if found is not None:
        ends = "" if found.low is None else f" ({percent(found.low)} to {percent(found.high)})"
        lines.append(f"  accuracy   {percent(found.value)} %{ends} on {card.n_scored:,} texts of {card.data} ({card.score_on})")
    lines.append(f"  API        {address}/v1/predict, described at {address}/docs")
    if host not in {"127.0.0.1", "::1", "localhost"}:
        lines.append("  open       to every machine that reaches this one: no password, no encryption")
    return [*lines, "Loading the model; end with Ctrl-C."]


def _run(card: Card, load: Callable[[], Classifier], limits: Limits, listening: socket.socket, say: Callable[[str], None]) -> None:
    import uvicorn

    from valence.machine import device_name
    from valence.serve.app import Served, make_app
    from valence.serve.counts import Counts

    counts, started = Counts(), time.perf_counter()
    batcher = Batcher(load, len(card.labels), limits, counts)
    app = make_app(Served(card, batcher, limits, counts))
    # requests are counted, not logged; what uvicorn warns of names no body
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, ws="none", lifespan="on", server_header=False))

    def ready() -> None:
        say(f"Ready after {time.perf_counter() - started:.1f} s on {device_name(batcher.device)}.")

    def failed() -> None:
        server.should_exit = True

    batcher.on_ready, batcher.on_failure = ready, failed
    with contextlib.closing(listening), _terminated_as_interrupted(), contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if batcher.failure is not None:
        raise batcher.failure
    say("Ended; every request that had arrived was answered.")


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM, with which containers are stopped, end as Ctrl-C does: uvicorn raises again what it had caught."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {kind: signal.signal(kind, signal.default_int_handler) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


__all__ = ["bind", "introduction", "require", "serve"]

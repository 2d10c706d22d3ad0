"""Figures for Prometheus: requests, texts, seconds, the queue; none of them is of a text."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Upper ends of the histograms' bins."""
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
"""Upper ends of the bins of texts per call."""
PATHS = frozenset({"/", "/v1/predict", "/v1/model", "/health", "/metrics", "/docs", "/openapi.json"})
"""What is counted under its name; a path that a stranger makes up is not, or he could fill the memory with names."""


class Counts:
    """Counts since the start, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("valence_requests", "Requests by path and status code.", ["path", "status"], registry=registry)
        self._seconds = Histogram(
            "valence_request_seconds", "Seconds from a request to its answer.", ["path"], buckets=SECONDS, registry=registry
        )
        self._texts = Counter("valence_texts", "Texts that the model read.", registry=registry)
        self._calls = Histogram("valence_call_seconds", "Seconds that the model took for one call.", buckets=SECONDS, registry=registry)
        self._batch = Histogram("valence_call_texts", "Texts that the model read in one call.", buckets=TEXTS, registry=registry)
        self._together = Counter("valence_call_requests", "Requests that calls read, each once per call.", registry=registry)
        self._failures = Counter("valence_model_failures", "Calls in which the model raised.", registry=registry)
        self._queue = Gauge("valence_queue_texts", "Texts that wait.", registry=registry)
        self._ready = Gauge("valence_ready", "1 when requests are answered.", registry=registry)

    def watch(self, queue: Callable[[], float], ready: Callable[[], bool]) -> None:
        """Ask these whenever the figures are read."""
        self._queue.set_function(queue)
        self._ready.set_function(lambda: float(ready()))

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        known = path if path in PATHS else "other"
        self._requests.labels(known, str(status)).inc()
        self._seconds.labels(known).observe(seconds)

    def call(self, requests: int, texts: int, seconds: float) -> None:
        """Count a call of the model."""
        self._texts.inc(texts)
        self._together.inc(requests)
        self._batch.observe(texts)
        self._calls.observe(seconds)

    def failure(self) -> None:
        """Count a call in which the model raised."""
        self._failures.inc()

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)


__all__ = ["Counts"]

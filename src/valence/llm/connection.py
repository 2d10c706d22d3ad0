"""One server that speaks OpenAI's protocol: requests with patience, JSON out; errors that say which server and what to do."""

from __future__ import annotations

import json
import os
import random
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from valence.errors import BadSetting, MissingPackage

KEYS = ("VALENCE_API_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold the server's key; a local server wants none."""
PASSING = frozenset({408, 409, 425, 429})
"""Statuses below 500 that are worth another try."""
LONGEST_PAUSE = 30.0
GREETINGS = 3
"""Tries at most of a server that has never answered: one that starts is there in a second or two, one that is not started never."""

Json = dict[str, Any]


class NoAnswer(Exception):
    """Nothing usable came, however often it was asked."""

    def __init__(self, reason: str, status: int | None = None, *, server_gone: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.server_gone = server_gone


@dataclass(frozen=True)
class Patience:
    """How a request is tried again after a failure that may pass: status 500 and above, a refusal, a cut line, broken JSON."""

    timeout: float = 120.0
    """Seconds to wait for one answer."""
    retries: int = 5
    """Tries after the first."""
    pause: float = 0.5
    """Seconds before the second try; doubled before each further one, up to 30, with a random part against stampedes."""
    sleep: Callable[[float], None] = time.sleep

    def rest(self, tried: int, asked_for: float | None = None) -> None:
        """Wait after `tried` failures, at least as long as the server asked for."""
        pause = min(self.pause * 2 ** (tried - 1), LONGEST_PAUSE) * (0.75 + random.random() / 2)
        self.sleep(max(pause, min(asked_for or 0.0, LONGEST_PAUSE)))


class Connection:
    """A server and the key to it."""

    def __init__(self, base_url: str, patience: Patience) -> None:
        try:
            import openai
        except ImportError:
            raise MissingPackage("openai", "llm", "Talking to a chat server") from None
        key = next((os.environ[name] for name in KEYS if os.environ.get(name)), "none")
        self.base_url = base_url.rstrip("/")
        self.root = self.base_url.removesuffix("/v1")
        self.patience = patience
        self._open = partial(openai.OpenAI, base_url=self.base_url, api_key=key, timeout=patience.timeout, max_retries=0)
        self._clients = [self._open()]
        self._stopped = self._met = False
        weakref.finalize(self, _close, self._clients)  # a classifier is dropped, not closed

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Send JSON to a path below the base URL (or to a whole URL) and return the JSON that comes back.

        Raises:
            NoAnswer: it failed as often as patience lasts, or in a way that another try cannot mend.
        """
        return self._patiently("POST", path, dict(body))

    def get(self, path: str) -> Json:
        """Return the JSON at a path; raises as `post`."""
        return self._patiently("GET", path, None)

    def peek(self, path: str) -> Json | None:
        """Return the JSON at a path below the server's root, None where there is nothing of the kind: one try only."""
        try:
            return self._once("GET", self.root + path, None)
        except Exception:  # whatever goes wrong here, the server is not of the kind that has this path
            return None

    def stop(self) -> None:
        """Break off what is under way, without another try: the reader of the answers has gone."""
        self._stopped = True
        _close(self._clients)

    def restart(self) -> None:
        """Be ready again after a `stop`."""
        if self._stopped:
            self._clients.append(self._open())
            self._stopped = False

    def close(self) -> None:
        """Close the connections."""
        _close(self._clients)

    def _patiently(self, method: str, path: str, body: Json | None) -> Json:
        for tried in range(1, self.patience.retries + 2):
            try:
                return self._once(method, path, body)
            except Exception as error:
                failure = NoAnswer("broken off") if self._stopped else explain(error, tried)
                if failure is None:
                    raise
                self._met |= not failure.server_gone
                hopeless = not self._met and tried >= GREETINGS
                if self._stopped or hopeless or tried > self.patience.retries or not may_pass(failure.status):
                    raise failure from None
                self.patience.rest(tried, _asked_for(error))
        raise AssertionError("the last try returns or raises")

    def _once(self, method: str, path: str, body: Json | None) -> Json:
        import httpx

        if method == "GET":
            reply = self._clients[-1].get(path, cast_to=httpx.Response)
        else:
            reply = self._clients[-1].post(path, body=body, cast_to=httpx.Response)
        self._met = True
        found = json.loads(reply.content)
        if not isinstance(found, dict) or "error" in found:
            raise ValueError(f"no JSON object but {reply.text[:80]!r}")
        return found


def _close(clients: list[Any]) -> None:
    for client in clients:
        client.close()


def may_pass(status: int | None) -> bool:
    """Tell whether another try may go better: no status means no whole answer came."""
    return status is None or status >= 500 or status in PASSING


def explain(error: Exception, tried: int) -> NoAnswer | None:
    """Turn what the client raised into one line, None for what is a fault of ours."""
    import openai

    times = f" ({tried} tries)" if tried > 1 else ""
    if isinstance(error, openai.APIStatusError):
        return NoAnswer(f"status {error.status_code}: {_said(error)}{times}", error.status_code)
    if isinstance(error, openai.APITimeoutError):
        return NoAnswer(f"no answer in time{times}", server_gone=True)
    if isinstance(error, openai.APIConnectionError):
        return NoAnswer(f"no connection: {error.__cause__ or error}{times}", server_gone=True)
    if isinstance(error, (ValueError, openai.APIResponseValidationError)):
        return NoAnswer(f"broken JSON: {error}{times}")
    return None


def _said(error: Any) -> str:  # noqa: ANN401 - openai is imported late
    body = error.body
    inner = body.get("error", body) if isinstance(body, dict) else body
    text = inner.get("message", inner) if isinstance(inner, dict) else inner
    return " ".join(str(text or error.message).split())[:200]


def _asked_for(error: Exception) -> float | None:
    """Return the seconds of a `Retry-After`, where the server sent one in seconds."""
    header = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    return float(header) if header.replace(".", "", 1).isdigit() else None


def refuse(connection: Connection, error: NoAnswer) -> BadSetting:
    """Return the error for a server that could not be opened."""
    if error.status in {401, 403}:
        return BadSetting(f"{connection.base_url} wants a key ({error}). Put it into ${KEYS[0]}.")
    return BadSetting(f"No server answers at {connection.base_url}: {error}. Start it (`ollama serve`, say), or name it with --base-url.")

"""Around all routes: requests are counted, and a body that is announced too large is refused unread."""

from __future__ import annotations

import time

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from valence.serve.counts import Counts
from valence.serve.limits import Limits


def too_large(limits: Limits) -> JSONResponse:
    """Return the answer to a body that is too large."""
    return JSONResponse({"detail": f"The body is larger than {limits.max_megabytes:g} MB. Send the texts in parts."}, 413)


class Entrance:
    """Passes requests on, and counts them with their seconds."""

    def __init__(self, app: ASGIApp, counts: Counts, limits: Limits) -> None:
        self.app, self.counts, self.limits = app, counts, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse, and count at the end."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        announced = Headers(scope=scope).get("content-length", "")
        fits = not announced.isdigit() or int(announced) <= self.limits.max_bytes
        try:
            await (self.app if fits else too_large(self.limits))(scope, receive, noting)
        finally:
            self.counts.request(scope["path"], status, time.perf_counter() - started)


__all__ = ["Entrance", "too_large"]

"""The routes: predictions, the card, health, figures for Prometheus, and the page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from valence import __version__
from valence.errors import FailedRun
from valence.machine import device_name
from valence.serve.batcher import Batcher, NotNow
from valence.serve.card import Card
from valence.serve.counts import Counts
from valence.serve.entrance import Entrance, too_large
from valence.serve.limits import Limits
from valence.serve.page import render
from valence.serve.schema import Answers, Health, Problem, Texts, answers, refusal

ABOUT = "One finished run of Valence. Each text is read by itself: what is asked beside it changes no answer. No text is logged or kept."


@dataclass(frozen=True, slots=True)
class Served:
    """What the routes answer from."""

    card: Card
    batcher: Batcher
    limits: Limits
    counts: Counts

    @property
    def status(self) -> Health:
        """Whether requests are answered."""
        known = self.batcher.device
        return Health(status="ready" if self.batcher.ready else "ending" if known else "loading", run=self.card.run)

    async def predict(self, request: Texts) -> Response:
        """Classify texts, each by itself, in the order in which they are given."""
        refused = refusal(request.texts, self.limits)
        if refused:
            raise HTTPException(422, refused)
        found = await asyncio.wrap_future(self.batcher.submit(request.texts))
        # written at once: FastAPI would validate the answers a second time
        said = answers(found, self.card).model_dump_json(exclude_none=True)
        return Response(said, media_type="application/json")

    async def model(self) -> Card:
        """Say what is served: figures with intervals, what they say nothing of, and where the run came from."""
        device = self.batcher.device
        return self.card.model_copy(update={"device": device_name(device)}) if device else self.card

    async def health(self) -> Response:
        """Say whether requests are answered."""
        status = self.status
        return Response(status.model_dump_json(), 200 if status.status == "ready" else 503, media_type="application/json")

    async def metrics(self) -> Response:
        """Return figures in Prometheus's text format."""
        return Response(self.counts.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def page(self) -> HTMLResponse:
        """Return the page."""
        return HTMLResponse(render(await self.model(), self.limits))


def make_app(served: Served) -> ASGIApp:
    """Return the application; its start loads the classifier, its end answers what is in the queue.

    Nothing is handed to OpenTelemetry, whatever the environment asks for: FastAPI's records of refused requests hold the texts.
    """
    served.counts.watch(lambda: served.batcher.waiting, lambda: served.batcher.ready)

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        served.batcher.start()
        yield
        await asyncio.to_thread(served.batcher.close)

    silent = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
    app = FastAPI(
        title=f"Valence: {served.card.preset}",
        description=ABOUT,
        version=__version__,
        lifespan=life,
        redoc_url=None,
        max_body_size=served.limits.max_bytes,
        telemetry=silent,  # type: ignore[arg-type]
    )
    _add_routes(app, served)
    _add_refusals(app, served.limits)
    return Entrance(app, served.counts, served.limits)


def _add_routes(app: FastAPI, served: Served) -> None:
    why = {422: "The texts cannot be read.", 413: "The body is too large.", 500: "The model failed.", 503: "Loading, full or ending."}
    problems: dict[int | str, dict[str, object]] = {code: {"model": Problem, "description": said} for code, said in why.items()}
    app.post("/v1/predict", response_model=Answers, responses=problems)(served.predict)
    app.get("/v1/model")(served.model)
    app.get("/health", response_model=Health, responses={503: {"model": Health}})(served.health)
    app.get("/metrics", response_class=Response)(served.metrics)
    app.get("/", response_class=HTMLResponse, include_in_schema=False)(served.page)


def _add_refusals(app: FastAPI, limits: Limits) -> None:
    """Answer what cannot be answered with one sentence, which never quotes a text."""

    async def unread(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return JSONResponse({"detail": _sentence(error)}, 422)

    async def not_now(_: Request, error: Exception) -> Response:
        assert isinstance(error, NotNow)
        return JSONResponse({"detail": str(error)}, 503, {"Retry-After": str(error.seconds)})

    async def failed(_: Request, error: Exception) -> Response:
        return JSONResponse({"detail": str(error)}, 500)

    async def grown(_: Request, error: Exception) -> Response:
        return too_large(limits)

    app.add_exception_handler(RequestValidationError, unread)
    app.add_exception_handler(NotNow, not_now)
    app.add_exception_handler(FailedRun, failed)
    app.add_exception_handler(413, grown)


def _sentence(error: RequestValidationError) -> str:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part != "body"]
    if first["type"] == "json_invalid":
        return 'The body is no JSON. Send {"texts": ["..."]}.'
    if not place:
        return 'The body must be a JSON object sent as application/json: {"texts": ["..."]}.'
    if first["type"] == "missing":
        return f'The field {place[0]} is missing. Send {{"texts": ["..."]}}.'
    if first["type"] == "extra_forbidden":
        return f'No field {place[0][:40]!r}. Send {{"texts": ["..."]}}.'
    where = place[0] + "".join(f"[{part}]" for part in place[1:])
    return f"{where} must be {'a list of texts' if len(place) == 1 else 'a text in valid Unicode'}."


__all__ = ["Served", "make_app"]

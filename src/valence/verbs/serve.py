"""`valence serve RUN`: a finished run behind HTTP, with a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro
from pydantic import ValidationError

from valence.errors import BadSetting
from valence.serve.limits import Limits
from valence.store import RunStore
from valence.verbs._flags import flat_class, parse

_FLAGS = {name: (field.annotation, field.default, field.description or "") for name, field in Limits.model_fields.items()}
_LimitFlags = flat_class("_LimitFlags", "", _FLAGS)


@dataclass
class Options(_LimitFlags):  # type: ignore[misc, valid-type]
    """Answer over HTTP with a finished run: POST /v1/predict, GET /v1/model, /health, /metrics, /docs, and a page at /."""

    run: Annotated[str, tyro.conf.Positional]
    """A run's id, the beginning of it, or its folder; or a folder that `valence export RUN --to onnx` wrote."""
    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 opens it to other machines, without password or encryption."""
    port: int = 8000
    """Port to listen at; 0 takes any that is free."""
    calibrated: bool = False
    """Scale the probabilities by the temperature that `valence calibrate RUN` found."""
    store: str = "runs"
    """Folder of the runs."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""


def main(words: Sequence[str]) -> int:
    """Serve until Ctrl-C."""
    options = parse(Options, words, "serve")
    from valence.serve.server import require, serve

    require()
    serve(
        options.run,
        RunStore(options.store),
        host=options.host,
        port=options.port,
        device=options.device,
        limits=_limits(options),
        calibrated=options.calibrated,
        say=lambda line: print(line, flush=True),
    )
    return 0


def _limits(options: Options) -> Limits:
    try:
        return Limits(**{name: getattr(options, name) for name in Limits.model_fields})
    except ValidationError as error:
        first = error.errors()[0]
        flag = str(first["loc"][0]).replace("_", "-")
        raise BadSetting(f"--{flag} {first['input']} cannot be: {first['msg'].lower()}.") from None

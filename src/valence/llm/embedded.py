"""A .gguf served inside this process by llama.cpp (package xllamacpp), at a port of its own: nothing to install or start by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from valence.errors import BadSetting, MissingPackage
from valence.llm.asked import Ask, Question, Reply
from valence.llm.connection import Connection, Patience
from valence.llm.llama_server import LlamaServer
from valence.llm.places import digest, find_gguf


class Embedded(LlamaServer):
    """A llama.cpp server that lives as long as this object."""

    def __init__(self, model: str, parallel: int, room: int, patience: Patience, device: str) -> None:
        """Start the server.

        Args:
            model: path of a .gguf, or a name under $VALENCE_MODELS.
            parallel: requests it works on at a time.
            room: tokens each of them may take, its answer included.
            patience: of the requests.
            device: `cpu`, or anything else for a GPU where the package was built for one.

        Raises:
            BadSetting: no such file, or llama.cpp cannot read it.
            MissingPackage: xllamacpp is not installed.
        """
        path = find_gguf(model)
        self._server: Any = start(path, parallel, room, device)
        together = "" if parallel == 1 else " together"  # such answers depend a little on their neighbours
        connection = Connection(f"{self._server.listening_address}/v1", patience)
        super().__init__(connection, path.stem, parallel, identity=f"llama.cpp {digest(path)}{together}", device="cpu")

    def ask(self, questions: Sequence[Question], ask: Ask) -> Iterator[tuple[int, Reply]]:
        """Answer as any llama.cpp server; a closed one is asked nothing."""
        if self._server is None:
            raise BadSetting(f"The server of {self.name} was stopped. Load the run again.")
        yield from super().ask(questions, ask)

    def close(self) -> None:
        """Stop the server; its memory is free when this returns."""
        super().close()
        self._server = None


def start(path: Path, parallel: int, room: int, device: str = "cpu") -> Any:  # noqa: ANN401
    """Start a server and return it; it stops when nothing refers to it any more."""
    try:
        import xllamacpp
    except ImportError:
        raise MissingPackage("xllamacpp", "llm", "Serving a .gguf in this process") from None
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.port, params.ui, params.verbosity, params.warmup = 0, False, 0, False
    params.n_parallel, params.n_ctx, params.kv_unified = parallel, parallel * room, True
    params.cache_ram_mib = 0  # finished prompts are not asked again: only what the running ones share is of use
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads()
    if device == "cpu":
        params.n_gpu_layers = 0
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise BadSetting(f"llama.cpp cannot serve {path}: {error}") from None


def threads() -> int:
    """Return $OMP_NUM_THREADS, else the number of cores this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

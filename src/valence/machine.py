"""What a run was done with: the code's commit, the libraries' versions, the device's name, the peak of memory."""

from __future__ import annotations

import functools
import os
import platform
import re
import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Self

from valence.errors import BadSetting

LIBRARIES = (
    "valence",
    "numpy",
    "polars",
    "scikit-learn",
    "scipy",
    "torch",
    "transformers",
    "accelerate",
    "peft",
    "tokenizers",
    "onnxruntime",
    "openai",
    "xllamacpp",
)


COMMIT = "VALENCE_COMMIT"
"""Environment variable that names the commit on machines without git: 40 hex digits, then `+dirty` if there were changes."""


def commit() -> tuple[str, bool]:
    """Return the git commit of the code and whether the checkout has uncommitted changes.

    Git is asked first; outside a checkout $VALENCE_COMMIT answers, as on a machine that got a copy of the tree. ('', False)
    where neither knows.

    Raises:
        BadSetting: $VALENCE_COMMIT is needed and is not 40 hex digits, perhaps followed by `+dirty`.
    """
    return _from_git() or _from_environment()


@functools.cache
def _from_git() -> tuple[str, bool] | None:
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", __file__)
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None


def _from_environment() -> tuple[str, bool]:
    said = os.environ.get(COMMIT, "").strip()
    if not said:
        return "", False
    found = re.fullmatch(r"([0-9a-fA-F]{40})(\+dirty)?", said)
    if found is None:
        raise BadSetting(
            f"${COMMIT} = {said!r} names no commit. Give 40 hex digits (git rev-parse HEAD), then +dirty if there were changes."
        )
    return found[1].lower(), found[2] is not None


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that this process has imported."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        module = {"scikit-learn": "sklearn"}.get(name, name)
        if module in sys.modules:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = str(getattr(sys.modules[module], "__version__", "?"))
    return found


def processes() -> int:
    """Return how many processes a launcher (torchrun, accelerate launch) started together with this one, itself counted."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def device_name(device: str) -> str:
    """Return a name for people: `NVIDIA H200`, `MPS`, `CPU (2 cores)`; `2 x NVIDIA H200` where several processes work together."""
    together = processes()
    return f"{together} x {_one_name(device)}" if together > 1 else _one_name(device)


def _one_name(device: str) -> str:
    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(device))
    if device.startswith("mps"):
        return "MPS"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"CPU ({cores} cores)"


class PeakMemory:
    """Measures the largest resident memory of this process while it is open, every 50 ms."""

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()
        self._peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self._peak = max(self._peak, self._process.memory_info().rss)
            if self._stop.wait(0.05):
                return

    def bytes(self, device: str) -> int:
        """Return the peak on `device`: resident memory on a CPU, allocated memory on CUDA."""
        if device.startswith("cuda"):
            return int(sys.modules["torch"].cuda.max_memory_allocated(device))
        return self._peak

"""The installation as a subject."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from valence.doctor.parts import Installation
from valence.doctor.subject import Subject
from valence.machine import LIBRARIES

OPTIONAL = ("datasketch", "captum", "openai", "onnxruntime", "datasets", "ray")
PLACES = ("VALENCE_DATA", "VALENCE_MODELS")


def installation_subject(store: Path) -> Subject:
    """Return the installation: versions of the libraries, where data and weights are looked for, the store."""

    def read() -> Installation:
        packages = {name: _version(name) for name in dict.fromkeys((*LIBRARIES, *OPTIONAL))}
        return Installation(packages, {name: os.environ[name] for name in PLACES if os.environ.get(name)}, store)

    return Subject("installation", "installation", {Installation: read})


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


__all__ = ["installation_subject"]

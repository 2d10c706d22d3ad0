"""Where weights and templates lie: an explicit path, $VALENCE_MODELS, for templates the package; and what weights are, by digest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from valence.errors import BadSetting, UnknownName
from valence.llm.cache import AnswerCache, cache_folder
from valence.text.prompt import Template

HOME = "VALENCE_MODELS"
TEMPLATES = Path(__file__).parent / "templates"


def find_template(name: str) -> Template:
    """Read a template that comes with the package, by name, or any file by its path.

    Raises:
        UnknownName: neither; the nearest name is given.
        BadSetting: the file is no template.
    """
    known = {path.stem: path for path in TEMPLATES.glob("*.jinja")}
    if name in known:
        return Template.read(known[name])
    path = Path(name).expanduser()
    if not path.is_file():
        raise UnknownName("template", name, known)
    return Template.read(path)


def find_gguf(name: str) -> Path:
    """Return the .gguf file meant by a path or a name under $VALENCE_MODELS, a folder that holds one included.

    Raises:
        BadSetting: there is none; the message names the places searched.
    """
    found = _find(
        name, lambda place: place if place.suffix == ".gguf" and place.is_file() else next(iter(sorted(place.glob("*.gguf"))), None)
    )
    if found is None:
        raise BadSetting(f"No .gguf for model {name!r}. Searched: {_places(name)}. Give the path of a .gguf file or of a folder with one.")
    return found


def find_weights(name: str) -> Path | None:
    """Return the Hugging Face folder meant by a path or a name under $VALENCE_MODELS, None where there is none: then it is a hub's name.

    Raises:
        BadSetting: the folder is there and holds no weights for transformers.
    """
    found = _find(name, lambda place: place if (place / "config.json").is_file() else None)
    if found is None and (folder := _find(name, lambda place: place if place.exists() else None)) is not None:
        way_out = " It holds a .gguf: use --backend llamacpp." if folder.suffix == ".gguf" or any(folder.glob("*.gguf")) else ""
        raise BadSetting(f"{folder} holds no config.json and so no weights for transformers.{way_out}")
    return found


def _find(name: str, look: Callable[[Path], Path | None]) -> Path | None:
    home = os.environ.get(HOME)
    places = [Path(name).expanduser(), *([Path(home).expanduser() / name] if home else [])]
    return next((found for place in places if (found := look(place)) is not None), None)


def _places(name: str) -> str:
    home = os.environ.get(HOME)
    return f"{name}; ${HOME} = {home}" if home else f"{name}; ${HOME} (not set)"


def digest(path: Path) -> str:
    """Return the SHA-256 of a .gguf, or of the weights, settings and words of a Hugging Face folder; remembered between runs."""
    files = [path] if path.is_file() else sorted(p for p in path.iterdir() if p.suffix in {".safetensors", ".json", ".jinja"})
    memory = AnswerCache(cache_folder())
    try:
        return ":".join(memory.digest_of(file)[:16] for file in files)
    finally:
        memory.close()

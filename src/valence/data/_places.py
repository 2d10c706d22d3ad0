"""Where data are looked for, in order: an explicit path, $VALENCE_DATA, the Hugging Face cache or hub, an installed package."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from valence.errors import DataNotFound

HOME = "VALENCE_DATA"
"""The environment variable that names the folder of the data."""


@dataclass
class Search:
    """The search for one data set; it remembers every place, so that the error can name them all."""

    name: str
    places: list[str] = field(default_factory=list)

    def file(self, explicit: Path | None, names: Sequence[str]) -> Path | None:
        """Return the first of `names` that is there: the explicit path itself, or a file or folder below it or below $VALENCE_DATA.

        An explicit path ends the search: whoever names one wants that one and no other.

        Raises:
            DataNotFound: an explicit path was given and holds none of the names.
        """
        if explicit is not None:
            found = explicit if explicit.is_file() else _below(explicit, names)
            if found is None:
                self.places.append(f"{explicit} ({'holds no ' + _either(names) if explicit.exists() else 'not there'})")
                raise self.failure(f"Name a file or folder that holds {_either(names)}.")
            return found
        home = os.environ.get(HOME, "")
        if not home:
            self.places.append(f"${HOME} (not set)")
            return None
        folder = Path(home).expanduser()
        found = _below(folder, names)
        if found is None:
            self.places.append(f"${HOME} = {folder} ({'holds no ' + _either(names) if folder.is_dir() else 'not a folder'})")
        return found

    def installed(self, package: str, file: str) -> Path | None:
        """Return a data file of an installed package without importing the package."""
        spec = find_spec(package)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        found = next((p for p in (Path(f) / file for f in folders) if p.is_file()), None)
        if found is None:
            self.places.append(f"the package {package.replace('_', '-')!r} ({'without ' + file if spec else 'not installed'})")
        return found

    def failure(self, way_out: str) -> DataNotFound:
        """Return the error that names every place searched, and the way out."""
        return DataNotFound(f"No data for {self.name!r}. Searched: {'; '.join(self.places)}. {way_out}")


def _below(place: Path, names: Sequence[str]) -> Path | None:
    """Return the place itself when it bears one of the names, else what lies in it."""
    if place.name in names and place.exists():
        return place
    return next((p for p in (place / n for n in names) if p.exists()), None)


def _either(names: Sequence[str]) -> str:
    return " or ".join(names)

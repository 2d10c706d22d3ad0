"""What the machine lacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, note
from valence.doctor.parts import Installation as Machine
from valence.doctor.subject import Subject

EXTRAS = {"torch": ("torch", "transformers", "accelerate", "peft"), "audit": ("datasketch",), "explain": ("captum",), "llm": ("openai",)}
"""Packages of each extra."""


class Installation(Check):
    """Missing packages, places that are not there."""

    sentence: ClassVar[str] = "A place for data or weights is named that is not there, or an extra is missing."
    seed: ClassVar[str] = "no row; the reason why rows never ran"
    needs: ClassVar[tuple[type, ...]] = (Machine,)

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Look at the environment and the packages."""
        machine = subject.part(Machine)
        for variable, place in machine.places.items():
            if not Path(place).is_dir():
                message = f"${variable} names {place}, which is no folder."
                yield error(message, f"Point {variable} at the folder, or unset it.", variable=variable)
        for extra, packages in EXTRAS.items():
            missing = [name for name in packages if not machine.packages.get(name)]
            if missing:
                remedy = f"pip install 'valence[{extra}]' where it is wanted."
                yield note(f"{', '.join(missing)} not installed: the extra {extra}.", remedy, missing=missing)

"""$VALENCE_DATA names a folder that is not there."""

from valence.doctor import Subject
from valence.doctor.parts import Installation

PACKAGES = dict.fromkeys(("torch", "transformers", "accelerate", "peft", "datasketch", "captum", "openai"), "1.0")


def machine(place):
    found = Installation(PACKAGES, {"VALENCE_DATA": str(place)}, place)
    return Subject("installation", "installation", {Installation: lambda: found})


def no_such_folder(folder):
    return machine(folder / "gone")


def all_there(folder):
    return machine(folder)


DEFECTIVE = {"no_such_folder": no_such_folder}
SOUND = {"all_there": all_there}

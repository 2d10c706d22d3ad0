"""A dirty tree."""

from doctor.building import good, record, reviews, runs, scored
from valence.store import Provenance


def made(folder, **provenance):
    split = scored(reviews(folder))
    return runs(folder, record("a", split, good(split.labels), provenance=Provenance(**provenance)))


def dirty(folder):
    return made(folder, commit="1" * 40, dirty=True)


def committed(folder):
    return made(folder, commit="1" * 40)


def installed(folder):
    return made(folder, versions={"valence": "0.1.0"})


DEFECTIVE = {"dirty": dirty}
SOUND = {f.__name__: f for f in (committed, installed)}

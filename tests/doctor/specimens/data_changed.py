"""The file was edited after the run."""

from doctor.building import good, record, reviews, runs, scored
from valence import data
from valence.store import Provenance


def made(folder, digest):
    path = reviews(folder)
    split = scored(path)
    experiment = {"method": {"name": "tfidf_linear"}, "data": str(path)}
    provenance = Provenance(commit="1", data_digest=digest or data.load(path).digest)
    return runs(folder, record("a", split, good(split.labels), experiment=experiment, provenance=provenance))


def edited(folder):
    return made(folder, "0123456789abcdef")


def unchanged(folder):
    return made(folder, "")


DEFECTIVE = {"edited": edited}
SOUND = {"unchanged": unchanged}

"""Another test set, another state of the data."""

from doctor.building import compared, good, record, reviews, scored
from valence.store import Provenance


def another_test_set(folder):
    split = scored(reviews(folder))
    part = split.select(range(100))
    return compared(folder, record("n16", split, good(split.labels)), record("all", part, good(part.labels, 0.05, 1)))


def another_state(folder):
    split = scored(reviews(folder))
    made = [
        record(name, split, good(split.labels, wrong, seed), provenance=Provenance(commit="1", data_digest=digest))
        for seed, (name, wrong, digest) in enumerate((("a", 0.1, "d1"), ("b", 0.45, "d2")))
    ]
    return compared(folder, *made)


def same_for_both(folder):
    split = scored(reviews(folder))
    return compared(folder, record("a", split, good(split.labels, 0.05)), record("b", split, good(split.labels, 0.4, 1)))


DEFECTIVE = {f.__name__: f for f in (another_test_set, another_state)}
SOUND = {"same_for_both": same_for_both}

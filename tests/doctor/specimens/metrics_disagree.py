"""A figure that was written by hand."""

from doctor.building import good, record, reviews, runs, scored


def by_hand(folder):
    split = scored(reviews(folder))
    return runs(folder, record("a", split, good(split.labels), metrics={"accuracy": 0.957}))


def counted(folder):
    split = scored(reviews(folder))
    return runs(folder, record("a", split, good(split.labels)))


DEFECTIVE = {"by_hand": by_hand}
SOUND = {"counted": counted}

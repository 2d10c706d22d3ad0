"""A run that failed."""

from doctor.building import good, record, reviews, runs, scored


def failed(folder):
    split = scored(reviews(folder))
    return runs(folder, record("a", split, good(split.labels), status="failed", error="the loss is nan", metrics={}))


def finished(folder):
    split = scored(reviews(folder))
    return runs(folder, record("a", split, good(split.labels)))


DEFECTIVE = {"failed": failed}
SOUND = {"finished": finished}

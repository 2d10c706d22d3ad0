"""89.23 % of 16 texts."""

from doctor.building import one, write_csv
from doctor.tables import document, own


def impossible_shares(folder):
    return one(write_csv(folder / "llms.csv", document()))


def not_its_counts(folder):
    rows = [{"model": "a", "n": 64, "accuracy": "0.9688", "correct": 62}, {"model": "b", "n": 64, "accuracy": "0.9688", "correct": 50}]
    return one(write_csv(folder / "llms.csv", rows))


def own_figures(folder):
    return one(write_csv(folder / "llms.csv", own()))


DEFECTIVE = {f.__name__: f for f in (impossible_shares, not_its_counts)}
SOUND = {"own_figures": own_figures}

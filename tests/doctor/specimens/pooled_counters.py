"""Counters that were never set back between six models."""

from doctor.building import one, write_csv
from doctor.tables import document, own, pooled_with_counts


def the_document(folder):
    """The zero-shot table of the original document, as it stands there."""
    return one(write_csv(folder / "llms.csv", document()))


def with_counts(folder):
    return one(write_csv(folder / "llms.csv", pooled_with_counts()))


def own_figures(folder):
    return one(write_csv(folder / "llms.csv", own()))


DEFECTIVE = {f.__name__: f for f in (the_document, with_counts)}
SOUND = {"own_figures": own_figures}

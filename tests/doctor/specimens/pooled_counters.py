"""Counters that were never set back between six models."""

from doctor.building import one, write_csv
from doctor.tables import document, own, pooled_with_counts, raw_answers


def the_document(folder):
    """The zero-shot table of the original document, as it stands there."""
    return one(write_csv(folder / "llms.csv", document()))


def with_counts(folder):
    return one(write_csv(folder / "llms.csv", pooled_with_counts()))


def with_the_answers(folder):
    """The table of running totals, and the answers themselves in a file of their own."""
    table = [{k: v for k, v in row.items() if k != "correct"} for row in pooled_with_counts()]
    return one(write_csv(folder / "llms.csv", table), write_csv(folder / "answers.csv", raw_answers()))


def own_figures(folder):
    return one(write_csv(folder / "llms.csv", own()))


DEFECTIVE = {f.__name__: f for f in (the_document, with_counts, with_the_answers)}
SOUND = {"own_figures": own_figures}

"""A network of NaN, a collapsed one, one constant without labels; and an honest one."""

import numpy as np

from doctor.building import answers, one, record, reviews, runs, scored, sound_answers, write_csv


def nan_network(folder):
    """`lstm` of the original document: every probability NaN, argmax(NaN) = 0, accuracy .500."""
    path = reviews(folder)
    split = scored(path)
    return one(answers(folder, split.ids, np.full(len(split), np.nan)), data=path)


def collapsed_curve(folder):
    """The SST-2 curve: every answer is class 0, accuracy is its share, 44.98 % in the document."""
    ids = [f"s{i}" for i in range(1000)]
    rows = [{"id": i, "label": int(n >= 450), "prediction": 0} for n, i in enumerate(ids)]
    return one(write_csv(folder / "sst2_16.csv", rows))


def constant_without_labels(folder):
    return one(write_csv(folder / "out.csv", [{"id": i, "sentiment": 1} for i in range(60)]))


def nearly_constant(folder):
    rows = [{"id": i, "label": i % 2, "prediction": int(i > 196)} for i in range(200)]
    return one(write_csv(folder / "out.csv", rows))


def varied_without_labels(folder):
    return one(write_csv(folder / "out.csv", [{"id": i, "sentiment": i % 2} for i in range(60)]))


def majority_by_design(folder):
    split = scored(reviews(folder))
    return runs(folder, record("majority", split, np.full(len(split), 0.4), method="majority"))


DEFECTIVE = {f.__name__: f for f in (nan_network, collapsed_curve, constant_without_labels, nearly_constant)}
SOUND = {f.__name__: f for f in (sound_answers, varied_without_labels, majority_by_design)}

"""Shifted by a row, ids sorted but answers not, answers of texts sorted by length, labels of other rows."""

import numpy as np

from doctor.building import answers, good, one, reviews, scored, sound_answers


def shifted(folder):
    path = reviews(folder)
    split = scored(path)
    return one(answers(folder, split.ids, np.roll(good(split.labels), 1)), data=path)


def ids_sorted_answers_not(folder):
    path = reviews(folder)
    split = scored(path)
    return one(answers(folder, sorted(split.ids), good(split.labels)), data=path)


def answers_by_length(folder):
    path = reviews(folder)
    split = scored(path)
    order = sorted(range(len(split)), key=lambda i: len(split.texts[i]))
    return one(answers(folder, split.ids, good(split.labels)[order]), data=path)


def labels_of_other_rows(folder):
    path = reviews(folder)
    split = scored(path)
    return one(answers(folder, split.ids, good(split.labels), label=np.roll(split.labels, 1)), data=path)


def another_order_of_rows(folder):
    """Rows in any order are sound as long as each keeps its id."""
    path = reviews(folder)
    split = scored(path)
    order = np.random.default_rng(1).permutation(len(split))
    return one(answers(folder, [split.ids[i] for i in order], good(split.labels)[order], label=split.labels[order]), data=path)


DEFECTIVE = {f.__name__: f for f in (shifted, ids_sorted_answers_not, answers_by_length, labels_of_other_rows)}
SOUND = {f.__name__: f for f in (sound_answers, another_order_of_rows)}

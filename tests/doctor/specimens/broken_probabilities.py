"""NaN, logits, sums that are no 1, a softmax over the batch axis."""

import numpy as np

from doctor.building import answers, good, one, reviews, scored, sound_answers, write_csv


def some_nan(folder):
    path = reviews(folder)
    split = scored(path)
    p = good(split.labels)
    p[::10] = np.nan
    return one(answers(folder, split.ids, p), data=path)


def table_of(folder, table):
    rows = [{"id": i, "p_0": a, "p_1": b, "label": i % 2} for i, (a, b) in enumerate(table.tolist())]
    return one(write_csv(folder / "p.csv", rows))


def logits(folder):
    return table_of(folder, np.random.default_rng(0).normal(size=(80, 2)))


def softmax_over_the_batch(folder):
    """`attention_lstm` of the original document took its softmax over the batch axis, batches of 64."""
    z = np.random.default_rng(0).normal(size=(4, 16, 2))
    return table_of(folder, (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)).reshape(64, 2))


def sigmoid_of_each(folder):
    return table_of(folder, np.random.default_rng(0).uniform(size=(80, 2)))


def two_decimals(folder):
    p = np.round(np.random.default_rng(0).uniform(size=(80, 1)), 2)
    return table_of(folder, np.concatenate([p, np.round(1 - p, 2)], axis=1))


DEFECTIVE = {f.__name__: f for f in (some_nan, logits, softmax_over_the_batch, sigmoid_of_each)}
SOUND = {f.__name__: f for f in (sound_answers, two_decimals)}

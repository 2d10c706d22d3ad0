"""Label names swapped, answers shuffled."""

import numpy as np

from doctor.building import answers, good, one, reviews, scored, sound_answers


def swapped(folder):
    path = reviews(folder)
    split = scored(path)
    return one(answers(folder, split.ids, 1 - good(split.labels)), data=path)


def shuffled(folder):
    path = reviews(folder)
    split = scored(path)
    balanced = np.concatenate([good(split.labels[split.labels == y])[::2] for y in (0, 1)])
    other = np.concatenate([good(split.labels[split.labels == y])[1::2] for y in (0, 1)])
    p = np.where(np.arange(len(split)) % 2 == 0, 0.9, 0.1)
    rank = {0: 0, 1: 0}
    for i, y in enumerate(split.labels.tolist()):  # half of each class answered positive: exactly independent
        p[i], rank[y] = 0.9 if rank[y] % 2 else 0.1, rank[y] + 1
    assert len(balanced) + len(other) == len(split)
    return one(answers(folder, split.ids, p), data=path)


DEFECTIVE = {f.__name__: f for f in (swapped, shuffled)}
SOUND = {"right": sound_answers}

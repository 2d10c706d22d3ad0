"""Test texts that train holds."""

import csv

from doctor.building import answers, good, one, reviews, scored, sound_answers


def in_train(folder):
    path = reviews(folder)
    with path.open(encoding="utf-8") as file:
        train = [row["text"] for row in csv.DictReader(file)][:6]
    near = "It was a long evening, and nobody in the hall wanted to see how it would end, but it did end at last"
    path = reviews(folder, [*train[:5], near], [f"{near}."])
    split = scored(path)
    return one(answers(folder, split.ids, good(split.labels)), data=path)


DEFECTIVE = {"in_train": in_train}
SOUND = {"apart": sound_answers}

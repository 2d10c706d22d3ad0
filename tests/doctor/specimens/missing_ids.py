"""A dropped last batch, and row numbers instead of ids."""

from doctor.building import answers, good, one, reviews, scored, sound_answers


def last_batch_dropped(folder):
    path = reviews(folder)
    split = scored(path)
    return one(answers(folder, split.ids[:-16], good(split.labels)[:-16]), data=path)


def row_numbers(folder):
    path = reviews(folder)
    split = scored(path)
    return one(answers(folder, range(len(split)), good(split.labels)), data=path)


DEFECTIVE = {f.__name__: f for f in (last_batch_dropped, row_numbers)}
SOUND = {"all_of_them": sound_answers}

"""The last batch filled up from the beginning."""

from doctor.building import answers, good, one, reviews, scored, sound_answers


def filled_up(folder):
    path = reviews(folder)
    split = scored(path)
    p = good(split.labels)
    again = [1 - p[0], *p[1:4]]
    return one(answers(folder, [*split.ids, *split.ids[:4]], [*p, *again]), data=path)


DEFECTIVE = {"filled_up": filled_up}
SOUND = {"each_once": sound_answers}

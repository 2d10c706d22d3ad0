"""A loss written anew that is the old one."""

from doctor.building import compared, good, record, reviews, scored


def one_model_twice(folder):
    split = scored(reviews(folder))
    p = good(split.labels)
    return compared(folder, record("unsloth", split, p), record("unsloth_celoss", split, p))


def two_models(folder):
    split = scored(reviews(folder))
    return compared(folder, record("a", split, good(split.labels, 0.05)), record("b", split, good(split.labels, 0.4, 1)))


DEFECTIVE = {"one_model_twice": one_model_twice}
SOUND = {"two_models": two_models}

"""A dozen settings on test."""

from doctor.building import compared, good, record, reviews, scored


def settings(folder, n, **more):
    split = scored(reviews(folder))
    made = [record(f"lora--s0--{i:08x}", split, good(split.labels, 0.1, seed=i), preset="lora", **more) for i in range(n)]
    return compared(folder, *made)


def a_dozen(folder):
    return settings(folder, 12)


def one_setting_three_seeds(folder):
    split = scored(reviews(folder))
    made = [record(f"lora--s{i}", split, good(split.labels, 0.1, seed=i), preset="lora", group="g", seed=i) for i in range(3)]
    return compared(folder, *made)


DEFECTIVE = {"a_dozen": a_dozen}
SOUND = {"one_setting_three_seeds": one_setting_three_seeds}

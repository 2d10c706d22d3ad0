"""One seed between neighbours whose seeds differ by more than the gap."""

from doctor.building import compared, good, record, reviews, scored

STEPS = [{"step": s, "loss": 0.7 - s / 200} for s in range(10, 100, 10)]


def rows(folder, seeds_of_first):
    split = scored(reviews(folder))

    def row(name, seeds, start):
        found = enumerate(range(start, start + seeds))
        return [record(f"{name}--s{i}", split, good(split.labels, 0.1 + 0.08 * i, s), group=name, preset=name, seed=i) for i, s in found]

    made = [*row("cnn", seeds_of_first, 0), *row("gru", 3, 9)]
    return compared(folder, *made, histories={m.id: STEPS for m, _ in made})


def one_beside_three(folder):
    return rows(folder, 1)


def three_beside_three(folder):
    return rows(folder, 3)


def not_random(folder):
    """A method that keeps no history was not trained by steps: one seed is all it needs."""
    split = scored(reviews(folder))
    return compared(folder, record("nb_svm", split, good(split.labels)), record("tfidf_linear", split, good(split.labels, 0.4, 1)))


DEFECTIVE = {"one_beside_three": one_beside_three}
SOUND = {f.__name__: f for f in (three_beside_three, not_random)}

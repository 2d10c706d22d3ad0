"""44.98 at every epoch."""

from doctor.building import one, record, reviews, runs, scored, write_json


def state(folder, accuracies):
    log = [{"step": 10 * i, "eval_accuracy": a} for i, a in enumerate(accuracies, start=1)]
    losses = [{"step": 10 * i, "loss": 0.7 / i} for i in range(1, 6)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 60, "log_history": [*losses, *log]}))


def never_moves(folder):
    """The SST-2 curve of the original document: the share of one class, whatever happens."""
    return state(folder, [0.4498] * 5)


def moves(folder):
    return state(folder, [0.81, 0.84, 0.84, 0.85])


def perfect(folder):
    return state(folder, [1.0] * 5)


def two_validation_texts(folder):
    """Held out of sixteen: .500 at every look is no wonder, so nothing is said of it."""
    split = scored(reviews(folder))
    history = [{"step": 10 * s, "loss": 0.7 / s, "valid_accuracy": 0.5} for s in range(1, 8)]
    experiment = {"method": {"name": "cnn"}, "data": "reviews.csv", "n_train": 16}
    return runs(folder, record("cnn", split, split.labels * 0.8 + 0.1, experiment=experiment), histories={"cnn": history})


DEFECTIVE = {"never_moves": never_moves}
SOUND = {f.__name__: f for f in (moves, perfect)}

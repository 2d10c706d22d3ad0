"""`eval_dataset` is the test split."""

import numpy as np

from doctor.building import answers, good, one, reviews, scored, write_json


def built(folder, validations):
    path = reviews(folder)
    split = scored(path)
    p = good(split.labels)
    accuracy = float(((p > 0.5) == split.labels).mean())
    log = [{"step": 100 * i, "eval_accuracy": v} for i, v in enumerate(validations(accuracy, len(split)), start=1)]
    losses = [{"step": 100 * i, "loss": 0.7 / i} for i in range(1, 6)]
    state = write_json(folder / "trainer_state.json", {"max_steps": 300, "best_model_checkpoint": "c", "log_history": [*losses, *log]})
    return one(answers(folder, split.ids, p), state, data=path)


def same_texts(folder):
    return built(folder, lambda accuracy, n: [accuracy - 8 / n, accuracy - 3 / n, accuracy])


def other_texts(folder):
    """Held out of train: shares of another number of texts."""
    return built(folder, lambda accuracy, n: list(np.array([93, 96, 98]) / 107))


DEFECTIVE = {"same_texts": same_texts}
SOUND = {"other_texts": other_texts}

"""A few-shot training: sixteen texts, a few of them held out, twenty epochs to choose from."""

from doctor.building import one, write_json

ARGUMENTS = {"load_best_model_at_end": True, "metric_for_best_model": "accuracy", "warmup_ratio": 0.06, "max_steps": 500}


def training(folder, texts, right):
    log = [{"step": 100 * i, "eval_accuracy": k / texts, "epoch": i} for i, k in enumerate(right, start=1)]
    losses = [{"step": 100 * i - 50, "loss": 0.7 / i} for i in range(1, len(right) + 1)]
    state = {"max_steps": 500, "log_history": [*losses, *log], "best_model_checkpoint": "checkpoint-200"}
    return one(write_json(folder / "trainer_state.json", state), write_json(folder / "args.json", ARGUMENTS))


def two_texts(folder):
    return training(folder, 2, [1, 2, 1, 1, 2])


def thirty_texts(folder):
    return training(folder, 30, [19, 23, 22, 21, 22])


def enough_texts(folder):
    return training(folder, 872, [700, 790, 781, 779, 785])


def fifty_texts(folder):
    return training(folder, 50, [31, 41, 39, 40, 37])


DEFECTIVE = {f.__name__: f for f in (two_texts, thirty_texts)}
SOUND = {f.__name__: f for f in (enough_texts, fifty_texts)}

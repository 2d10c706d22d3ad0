"""SGD at 0.8, frozen weights, a training that lost its way."""

import math

import numpy as np

from doctor.building import one, write_json


def logged(folder, losses):
    log = [{"step": 10 * i, "loss": float(v)} for i, v in enumerate(losses, start=1)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 10 * len(log), "log_history": log}))


def rose(folder):
    return logged(folder, np.linspace(0.7, 3.0, 40))


def frozen(folder):
    return logged(folder, math.log(2) + 0.01 * np.sin(np.arange(40)) + np.linspace(0.06, 0.0, 40))


def lost_its_way(folder):
    return logged(folder, [*np.linspace(0.7, 0.2, 20), *np.linspace(0.2, 0.69, 20)])


def lost_its_way_in_validation_too(folder):
    log = [{"step": 10 * i, "loss": float(v)} for i, v in enumerate([*np.linspace(0.7, 0.2, 20), *np.linspace(0.2, 0.69, 20)], start=1)]
    log += [{"step": 100 * i, "eval_loss": v} for i, v in enumerate((0.5, 0.3, 0.5, 0.7), start=1)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 400, "log_history": log}))


def fell(folder):
    noise = np.random.default_rng(0).normal(0, 0.03, 60)
    return logged(folder, 0.15 + 0.55 * np.exp(-np.arange(60) / 12) + noise)


def low_from_the_start(folder):
    return logged(folder, 0.05 + np.random.default_rng(0).uniform(0, 0.02, 40))


def words_not_labels(folder):
    """A language model's loss is over words: 6.8 is no guessing between two labels."""
    return logged(folder, np.linspace(7.2, 6.8, 40))


def a_noisy_end(folder):
    """Real: capsules on 126 sentences. The last batches hold six texts, the validation loss fell to the end, accuracy .93."""
    losses = [0.7, 0.68, 0.66, 0.5, 0.45, 0.3, 0.4, 0.5, 0.63, 0.66, 0.39, 0.5, 0.64, 0.27, 0.38, 0.78, 0.2, 0.61, 0.14, 0.47, 0.14]
    log = [{"step": 5 * i, "loss": v} for i, v in enumerate([*losses, 0.56, 0.61, 0.73, 0.76], start=1)]
    log += [{"step": 36 * i, "eval_loss": v} for i, v in enumerate((0.61, 0.46, 0.41, 0.4), start=1)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 130, "log_history": log}))


def low_where_the_log_begins(folder):
    """The first loss that was logged is that of a hundred steps, and what was learned stands in the validation."""
    log = [{"step": 100 * i, "loss": 0.41 + 0.02 * (i % 2)} for i in range(1, 12)]
    log += [{"step": 550 * i, "eval_loss": v} for i, v in enumerate((0.4, 0.39), start=1)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 1200, "log_history": log}))


DEFECTIVE = {f.__name__: f for f in (rose, frozen, lost_its_way, lost_its_way_in_validation_too)}
SOUND = {f.__name__: f for f in (fell, low_from_the_start, words_not_labels, a_noisy_end, low_where_the_log_begins)}

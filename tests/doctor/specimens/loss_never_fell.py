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


def fell(folder):
    noise = np.random.default_rng(0).normal(0, 0.03, 60)
    return logged(folder, 0.15 + 0.55 * np.exp(-np.arange(60) / 12) + noise)


def low_from_the_start(folder):
    return logged(folder, 0.05 + np.random.default_rng(0).uniform(0, 0.02, 40))


DEFECTIVE = {f.__name__: f for f in (rose, frozen, lost_its_way)}
SOUND = {f.__name__: f for f in (fell, low_from_the_start)}

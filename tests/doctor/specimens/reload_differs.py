"""A head that was not saved with the rest."""

import numpy as np

from doctor.building import reviews
from valence.doctor import subjects
from valence.experiment import experiment
from valence.runner import run
from valence.store import RunStore


def fitted(folder):
    store = RunStore(folder / "runs")
    found = run(experiment("tfidf_linear", data=str(reviews(folder)), ngrams=1), store)
    return store, found.id


def whole(folder):
    store, name = fitted(folder)
    return subjects([str(store.path(name))])[0]


def head_drawn_anew(folder):
    from safetensors.numpy import load_file, save_file

    store, name = fitted(folder)
    path = store.path(name) / "model" / "linear.safetensors"
    tensors = load_file(path)
    tensors["coefficients"] = np.random.default_rng(0).normal(size=tensors["coefficients"].shape).astype(np.float32)
    save_file(tensors, path)
    return subjects([str(store.path(name))])[0]


DEFECTIVE = {"head_drawn_anew": head_drawn_anew}
SOUND = {"whole": whole}

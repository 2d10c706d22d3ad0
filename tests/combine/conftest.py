"""A store with finished runs on sentences of our own, a sixth of which carry the wrong label."""

import shutil

import numpy as np
import pytest

from conftest import sentences
from valence.experiment import experiment
from valence.runner import run
from valence.store import RunStore


def write_reviews(path, n=360, classes=2, test=120, seed=0):
    texts, labels = sentences(n, seed=seed, classes=classes)
    flipped = np.random.default_rng(seed).random(n) < 1 / 6
    names = ("negative", "positive", "lukewarm")
    lines = ["id,text,label,split"]
    for i, (text, label) in enumerate(zip(texts, labels, strict=True)):
        shown = names[(label + int(flipped[i])) % classes]
        lines.append(f'r{i},"{text}",{shown},{"test" if i >= n - test else "train"}')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def fit(store, name, data, **settings):
    record = run(experiment(name, **{"data": str(data), "valid_fraction": 0.25, **settings}), store, device="cpu")
    assert record.status == "ok", record.error
    return record.id


@pytest.fixture(scope="session")
def fit_run():
    """Run a method: (store, name, data, **settings) -> id."""
    return fit


@pytest.fixture(scope="session")
def reviews():
    """Write a table of labelled sentences: (path, n, classes, test, seed) -> path."""
    return write_reviews


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The store, the data and the ids of three runs of one seed, fitted once for all tests."""
    folder = tmp_path_factory.mktemp("combine")
    data, store = write_reviews(folder / "reviews.csv"), RunStore(folder / "runs")
    return store, data, {name: fit(store, name, data) for name in ("nb_svm", "mean_embedding", "tfidf_linear")}


@pytest.fixture
def store(made, tmp_path):
    """A copy of the store that a test may write into."""
    shutil.copytree(made[0].folder, tmp_path / "runs")
    return RunStore(tmp_path / "runs")


@pytest.fixture
def data(made):
    """The table the runs were fitted on."""
    return made[1]


@pytest.fixture
def ids(made):
    """The runs by their method."""
    return made[2]

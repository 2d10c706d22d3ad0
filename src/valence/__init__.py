"""Valence: train, fine-tune, prompt and compare sentiment classifiers on one honest leaderboard.

    import valence
    valence.run("nb_svm", data="imdb", store="runs")
    valence.load("nb_svm--imdb").predict(["A joy from start to end."])

Names are imported when first used, so that `import valence` costs nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valence.estimator import SentimentClassifier
    from valence.experiment import Experiment
    from valence.store import RunRecord, RunStore

__version__ = "0.1.0"
__all__ = ["Experiment", "RunRecord", "RunStore", "SentimentClassifier", "__version__", "load", "run"]

_HOMES = {
    "Experiment": "valence.experiment",
    "RunRecord": "valence.store",
    "RunStore": "valence.store",
    "SentimentClassifier": "valence.estimator",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in _HOMES:
        raise AttributeError(f"module 'valence' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def run(
    name: str | Experiment,
    *,
    store: str | os.PathLike[str] = "runs",
    again: bool = False,
    device: str = "auto",
    **settings: Any,  # noqa: ANN401
) -> RunRecord:
    """Run a preset, a method, a TOML file or an `Experiment`, and return its record; a finished run is returned as it is.

    Args:
        name: what to run.
        store: folder of the runs.
        again: run it even if it is finished.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
        settings: `data`, `n_train`, `seed` and the method's settings, flat.
    """
    from valence.experiment import experiment
    from valence.runner import run as run_experiment
    from valence.store import RunStore

    chosen = experiment(name, **settings) if isinstance(name, str) else name
    return run_experiment(chosen, RunStore(store), again=again, device=device)


def load(run: str, store: str | os.PathLike[str] = "runs", *, device: str = "auto") -> SentimentClassifier:
    """Return the classifier of a finished run, by its id, the beginning of its id, or its folder."""
    from valence.estimator import load_classifier

    return load_classifier(run, store, device=device)

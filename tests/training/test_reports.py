"""Where the trainer engine also reports to."""

import sys
from types import SimpleNamespace

import pytest
from transformers import TrainerCallback
from transformers.integrations import integration_utils

from valence.errors import BadSetting
from valence.training.fitting import fit_network
from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.words import WordEmbedding, start_vectors
from valence.training.recipe import Recipe
from valence.training.reports import check_reports, keep_beside, named_reports


class TensorBoardCallback(TrainerCallback):
    """Stands in for transformers', whose package need not be here: it too has a folder, and takes logs."""

    made: list = []

    def __init__(self):
        self.logging_dir = None
        self.logs = []
        self.made.append(self)

    def on_log(self, args, state, control, logs=None, **_):
        self.logs.append((state.global_step, args.run_name, dict(logs)))


@pytest.fixture
def sink(monkeypatch):
    monkeypatch.setattr(TensorBoardCallback, "made", [])
    monkeypatch.setitem(integration_utils.INTEGRATION_TO_CALLBACK, "tensorboard", TensorBoardCallback)
    return TensorBoardCallback


def test_it_is_told_of_losses_and_of_what_was_validated(words, toy, task, sink):
    def build():
        return CnnNetwork(WordEmbedding(start_vectors(words.words, 8)), 2, filters=4, widths=(2,), dropout=0)

    recipe = Recipe(engine="trainer", report_to="tensorboard", epochs=2, batch_tokens=100)
    fit_network(build, *toy, recipe, task())
    told = sink.made[-1]
    assert any("loss" in logs and "learning_rate" in logs for _, _, logs in told.logs)
    validated = [(step, logs["eval_accuracy"]) for step, _, logs in told.logs if "eval_accuracy" in logs]
    assert len(validated) == 2, "once an epoch"
    assert all(0 <= accuracy <= 1 for _, accuracy in validated)
    run_name = told.logs[0][1]
    assert run_name.startswith("recipe-")
    # among the checkpoints it would go with them
    assert told.logging_dir.replace("\\", "/") == f"tensorboard/{run_name}"


def test_a_folder_that_is_named_stays():
    named = TensorBoardCallback()
    named.logging_dir = "/elsewhere"
    keep_beside([named, SimpleNamespace()], "run")
    assert named.logging_dir == "/elsewhere"


def test_names_are_told_apart_by_commas():
    assert named_reports("tensorboard, mlflow") == ["tensorboard", "mlflow"]


def test_what_is_not_installed_or_unknown_is_refused_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    monkeypatch.setattr(integration_utils, "is_wandb_available", lambda: False)
    with pytest.raises(BadSetting, match=r"^--report-to wandb: .*requires wandb to be installed[^\n]*$"):
        check_reports("wandb")
    with pytest.raises(BadSetting, match=r"^--report-to nosuch: .*nosuch"):
        check_reports("nosuch")

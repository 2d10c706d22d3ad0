import pytest

from valence.experiment import Experiment
from valence.methods import METHODS
from valence.report.families import FAMILIES, family
from valence.store import RunRecord


def record(experiment):
    settings = {"group": "g", "preset": "p", "method": "m", "data": "toy", "n_train": None, "seed": 0, "labels": ("a", "b"), "status": "ok"}
    return RunRecord(id="r", experiment=experiment, **settings)


@pytest.mark.parametrize("name", METHODS.names)
def test_every_method_falls_into_a_family_by_its_settings_alone(name):
    method = {"name": name, **dict.fromkeys(METHODS.find(name).model_fields)}
    assert (family(record({"method": method})) == "baseline") == (name == "majority")


KNOWN = {
    "nb_svm": "bag",
    "cnn": "network",
    "lora": "encoder",
    "setfit": "encoder",
    "prompted": "llm",
    "qlora": "llm",
    "vote": "combination",
}


@pytest.mark.parametrize(("name", "expected"), KNOWN.items())
def test_known_methods_are_where_a_reader_looks_for_them(name, expected):
    assert family(record({"method": dict.fromkeys(METHODS.find(name).model_fields)})) == expected
    assert expected in FAMILIES


def test_predictions_made_elsewhere_are_a_family_of_their_own():
    assert family(record({})) == "outside"
    assert family(record(Experiment(method="majority").model_dump(mode="json"))) == "baseline"

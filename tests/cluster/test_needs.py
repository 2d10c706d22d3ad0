"""What a run is given."""

import pytest

from valence.cluster.needs import needs, uses_torch
from valence.errors import BadSetting
from valence.experiment import experiment
from valence.methods import METHODS

CORES_ONLY = {"majority", "tfidf_linear", "nb_svm", "mean_embedding", "vote", "stacking", "cascade"}


def test_the_methods_that_can_use_an_accelerator_are_told_by_their_files():
    assert {name for name in METHODS.names if not uses_torch(METHODS.find(name))} == CORES_ONLY


@pytest.mark.parametrize(
    ("name", "device", "asked", "cluster", "gpus", "told"),
    [
        ("nb_svm", "auto", None, 2, 0, "cpu"),
        ("cnn", "auto", None, 2, 1, "auto"),
        ("cnn", "auto", 0.5, 2, 0.5, "auto"),
        ("cnn", "auto", 0, 2, 0, "cpu"),
        ("cnn", "auto", None, 0, 0, "auto"),
        ("cnn", "cuda", None, 0, 1, "cuda"),
        ("cnn", "cpu", None, 2, 0, "cpu"),
    ],
)
def test_a_run_gets_an_accelerator_only_if_it_can_use_one(name, device, asked, cluster, gpus, told):
    found = needs(experiment(name), cpus=2, gpus=asked, device=device, cluster_gpus=cluster)
    assert (found.cpus, found.gpus, found.device) == (2, gpus, told)


@pytest.mark.parametrize(("settings", "said"), [({"cpus": 0, "gpus": None}, "above 0"), ({"cpus": 1, "gpus": -1}, "0 or more")])
def test_needs_that_cannot_be_are_refused(settings, said):
    with pytest.raises(BadSetting, match=said):
        needs(experiment("cnn"), device="auto", cluster_gpus=0, **settings)


def test_a_device_by_its_number_is_refused():
    with pytest.raises(BadSetting, match="Give: --device cuda"):
        needs(experiment("cnn"), cpus=1, gpus=None, device="cuda:1", cluster_gpus=2)

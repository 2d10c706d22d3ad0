"""Devices by name."""

import pytest
import torch

from valence.errors import BadSetting
from valence.training import device as device_module
from valence.training.device import known_devices, resolve_device, use_bfloat16


def test_auto_takes_the_first_device_that_is_there():
    assert str(resolve_device("auto")) == known_devices()[0]


def test_the_cpu_is_always_there():
    assert resolve_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "", "cuda:-1", "tpu"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(BadSetting, match=f"No device {name!r} on this machine. It has: .*cpu"):
        resolve_device(name)


@pytest.mark.parametrize("has_it", [True, False])
def test_bfloat16_is_chosen_by_hardware_or_by_hand(has_it, monkeypatch):
    monkeypatch.setattr(device_module, "_cpu_has_bfloat16", lambda: has_it)
    cpu = torch.device("cpu")
    assert use_bfloat16("auto", cpu) == has_it
    assert use_bfloat16("bfloat16", cpu)
    assert not use_bfloat16("float32", cpu)

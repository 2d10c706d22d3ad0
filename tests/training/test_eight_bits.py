"""Moments in eight bits: a quarter of the memory, nearly the same steps, the same after a checkpoint; refused in one line elsewhere."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util

import numpy as np
import pytest
import torch
from torch import nn

from valence.errors import BadSetting, MissingPackage
from valence.methods.qlora import Qlora
from valence.text.vocabulary import Tokens
from valence.training.course import Course
from valence.training.eight_bits import check_eight_bits
from valence.training.examples import Examples
from valence.training.fitting import draw_plan
from valence.training.optimisation import build_optimizer
from valence.training.packed import Place
from valence.types import Journal

CPU = torch.device("cpu")
NEEDED = pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="the package bitsandbytes is not installed")


def recipe(optimizer: str, **settings) -> Qlora:
    return Qlora(bits=16, optimizer=optimizer, learning_rate=0.01, weight_decay=0.1, **settings)


def start() -> nn.Sequential:
    """Two matrices, of which the second is too small for eight bits."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(96, 64), nn.Tanh(), nn.Linear(64, 2))


def step(network, optimizer, number):
    batch = torch.randn(16, 96, generator=torch.Generator().manual_seed(number))
    loss = nn.functional.cross_entropy(network(batch), (batch.sum(1) > 0).long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"adamw_8bit needs the package 'bitsandbytes'.*valence\[qlora\]"):
        check_eight_bits(CPU)


@pytest.mark.parametrize(
    ("device", "version", "message"),
    [
        ("cpu", "0.49.2", "needs bitsandbytes 0.50 on a CPU; this run is on cpu, with bitsandbytes 0.49.2"),
        ("mps", "0.50.2", "runs on CUDA or a CPU; this run is on mps"),
    ],
)
def test_a_device_it_cannot_use_is_refused(device, version, message, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: importlib.machinery.ModuleSpec(name, None))
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    with pytest.raises(BadSetting, match=message):
        check_eight_bits(torch.device(device))
    check_eight_bits(torch.device("cuda"))


def test_without_a_setting_the_moments_stay_in_float32():
    optimizer, _ = build_optimizer(start(), recipe("adamw"), 10)
    assert type(optimizer) is torch.optim.AdamW


@NEEDED
def test_moments_take_a_quarter_and_the_steps_stay_near():
    ends = {}
    for kind in ("adamw", "adamw_8bit"):
        network = start()
        optimizer, _ = build_optimizer(network, recipe(kind), 40)
        losses = [step(network, optimizer, i) for i in range(40)]
        state = optimizer.state_dict()["state"][0]
        moments = [v for k, v in state.items() if v.numel() == 96 * 64]
        ends[kind] = losses[-1], sum(v.numel() * v.element_size() for v in moments)
        assert len(moments) == 2
        assert losses[-1] < losses[0]
    assert ends["adamw_8bit"][1] == ends["adamw"][1] / 4
    assert ends["adamw_8bit"][0] == pytest.approx(ends["adamw"][0], abs=0.05)


@NEEDED
def test_a_checkpoint_holds_the_moments_and_training_goes_on_to_the_same_bits(tmp_path):
    examples = Examples(Tokens(np.array([1, 2, 3], np.int32), np.array([0, 1, 3])), np.array([0, 1]), CPU)

    def parts():
        network = start()
        settings = recipe("adamw_8bit")
        course = Course(network, draw_plan(examples, settings, 0), examples, settings, Journal())
        return network, build_optimizer(network, settings, 10)[0], course

    network, optimizer, course = parts()
    for i in range(5):
        step(network, optimizer, i)
    Place(tmp_path, "mark", CPU).keep(network, optimizer, course)
    for i in range(5, 10):
        step(network, optimizer, i)
    again, other, course = parts()
    Place(tmp_path, "mark", CPU).resume(again, other, course)
    assert other.state_dict()["state"][0]["state1"].dtype == torch.uint8
    for i in range(5, 10):
        step(again, other, i)
    for name, weight in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], weight, atol=0, rtol=0)

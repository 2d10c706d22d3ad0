"""Checkpoints are whole, or they are not there."""

import numpy as np
import torch

from valence.training.checkpoint import fingerprint, load_state, random_state, save_state, set_random_state


def test_what_was_written_comes_back(tmp_path):
    tensors = {"a": torch.tensor([1.5, -2.0]), "b": torch.arange(3, dtype=torch.uint8)}
    save_state(tmp_path / "x.safetensors", tensors, {"step": 3, "loss": 0.1}, "mark")
    found, facts = load_state(tmp_path / "x.safetensors", "mark")
    assert facts == {"step": 3, "loss": 0.1}
    assert all(torch.equal(found[k], v) for k, v in tensors.items())
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]


def test_a_tensor_may_be_named_twice(tmp_path):
    shared = torch.ones(2)
    save_state(tmp_path / "x.safetensors", {"a": shared, "b": shared}, {}, "m")
    assert load_state(tmp_path / "x.safetensors", "m")[0].keys() == {"a", "b"}


def test_another_training_s_checkpoint_is_not_taken(tmp_path):
    save_state(tmp_path / "x.safetensors", {"a": torch.ones(1)}, {}, "mark")
    assert load_state(tmp_path / "x.safetensors", "other") is None


def test_a_missing_or_damaged_checkpoint_is_not_taken(tmp_path):
    path = tmp_path / "x.safetensors"
    assert load_state(path, "mark") is None
    save_state(path, {"a": torch.ones(100)}, {}, "mark")
    path.write_bytes(path.read_bytes()[:60])
    assert load_state(path, "mark") is None


def test_a_fingerprint_sees_settings_and_data():
    base = fingerprint({"rate": 1}, 0, np.array([1, 2]))
    assert base == fingerprint({"rate": 1}, 0, np.array([1, 2]))
    assert len({base, fingerprint({"rate": 2}, 0, np.array([1, 2])), fingerprint({"rate": 1}, 0, np.array([2, 1]))}) == 3


def test_the_random_state_goes_back():
    cpu = torch.device("cpu")
    state = random_state(cpu)
    first = torch.rand(3)
    set_random_state(state, cpu)
    assert torch.equal(torch.rand(3), first)

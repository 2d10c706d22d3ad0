import json

import numpy as np
import pytest

from doctor.building import model_folder
from valence.doctor.reading.saved_model import looks_like_a_model, read_saved_model
from valence.doctor.subject import Absent


def test_shapes_and_values_are_read_without_building_a_model(tmp_path):
    place = model_folder(tmp_path, {"classifier.bias": [0.5, -0.5], "w": np.ones((2, 3))}, config={"model_type": "bert"})
    found = read_saved_model(place)
    assert found.tensors == {"classifier.bias": (2,), "w": (2, 3)}
    assert found.read("classifier.bias").tolist() == [0.5, -0.5]
    assert found.config["model_type"] == "bert"
    assert looks_like_a_model(place)


def test_bfloat16_is_read(tmp_path):
    """1.0 is 0x3F80 in bfloat16, -2.0 is 0xC000."""
    header = json.dumps({"b": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes([0x80, 0x3F, 0x00, 0xC0]))
    assert read_saved_model(tmp_path).read("b").tolist() == [1.0, -2.0]


def test_pickled_weights_are_not_opened(tmp_path):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(Absent, match="pickle"):
        read_saved_model(tmp_path)

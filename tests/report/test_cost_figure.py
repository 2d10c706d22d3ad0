import pytest

from valence.report.board import build
from valence.report.cost_figure import cost


@pytest.mark.parametrize("devices", [("CPU",), ("CPU", "GPU"), ("", "CPU")])
def test_costs_on_any_mix_of_devices_are_drawn(made, devices):
    for i, device in enumerate(devices):
        made.run(f"row{i}", 1.0 + i, provenance={"device": device})
    assert cost(build(made.store, "toy")).startswith(b"\x89PNG")

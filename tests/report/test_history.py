import pytest

from valence.report.history import MOST, history, thin

ROWS = [
    {"step": 10, "loss": 0.7},
    {"step": 15, "loss": float("nan")},
    {"step": 20, "loss": 0.5, "epoch": 1, "valid_accuracy": 0.8, "valid_loss": 0.4},
    {"step": 30, "loss": float("inf")},
]


def test_each_figure_is_a_series_and_what_was_not_finite_is_none():
    found = history(ROWS)
    assert {s.name: (s.kind, s.valid) for s in found.series} == {
        "loss": ("loss", False),
        "valid_accuracy": ("share", True),
        "valid_loss": ("loss", True),
    }
    assert dict(found.series[0].points) == {10: 0.7, 15: None, 20: 0.5, 30: None}
    assert found.broken == 2


def test_what_came_before_the_labels_is_of_its_own_kind():
    assert [s.kind for s in history([{"step": 1, "pretraining_loss": 9.0}, {"step": 2, "loss": 0.7}]).series] == ["pretraining", "loss"]


def test_the_rows_that_close_an_epoch_make_the_table():
    assert history(ROWS).epochs == (ROWS[2],)
    assert history([]).series == ()


def test_a_long_series_is_averaged_in_even_stretches_and_keeps_its_ends_and_its_breaks():
    found = thin([(i, float(i)) for i in range(3 * MOST)] + [(900, None)])
    assert len(found) == MOST + 1
    assert found[0] == (2, 1.0)
    assert found[-1] == (900, None)
    assert sum(v for _, v in found if v is not None) / MOST == pytest.approx((3 * MOST - 1) / 2)


def test_a_figure_that_is_no_number_is_no_series():
    assert history([{"step": 1, "loss": 1.0, "note": "warm", "done": True}]).series[0].name == "loss"
    assert len(history([{"step": 1, "loss": 1.0, "note": "warm", "done": True}]).series) == 1

import csv
import io

import pytest

from valence.report.board import build
from valence.report.table import COLUMNS, csv_text, duration, memory, p_value, percent, points, quantity, speed

HEADER = (
    "rank,preset,method,backbone,n_train,seeds,accuracy,ci_low,ci_high,macro_f1,log_loss,ece,valid_rate,accuracy_valid,"
    "fit_seconds,texts_per_second,trainable_parameters,peak_memory_bytes,device,seed_accuracy,better_than_next_p"
)


def read(board):
    return list(csv.DictReader(io.StringIO(csv_text(board))))


def test_the_csv_has_exactly_the_promised_columns(filled):
    assert csv_text(build(filled.store, "toy")).splitlines()[0] == HEADER
    assert all(c.meaning.endswith(".") for c in COLUMNS)


def test_outside_predictions_leave_their_costs_empty(filled):
    row = next(r for r in read(build(filled.store, "toy")) if r["preset"] == "friend")
    empty = [name for name, value in row.items() if value == ""]
    assert empty == [
        *("method", "backbone", "n_train", "fit_seconds", "texts_per_second", "trainable_parameters"),
        *("peak_memory_bytes", "device", "seed_accuracy"),
    ]


def test_the_figures_read_back_as_they_are(filled):
    board = build(filled.store, "toy")
    for row, line in zip(board.rows, read(board), strict=True):
        assert float(line["accuracy"]) == pytest.approx(row.accuracy, abs=1e-6)
        assert float(line["ci_low"]) <= float(line["accuracy"]) <= float(line["ci_high"])
        assert (line["rank"], line["seeds"]) == (str(row.rank), str(len(row.records)))
    assert [line["n_train"] for line in read(board)] == ["all", "all", "", "all"]
    assert read(board)[-1]["better_than_next_p"] == ""


def test_a_name_with_commas_and_quotes_stays_one_cell(made):
    made.run('a, "b"\nc')
    assert read(build(made.store, "toy"))[0]["preset"] == 'a, "b"\nc'


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (percent(0.95734), "95.73"),
        (percent(None), ""),
        (percent(float("nan")), ""),
        (duration(0.0421), "0.042 s"),
        (duration(42.4), "42 s"),
        (duration(210), "3.5 min"),
        (duration(7600), "2.1 h"),
        (duration(None), ""),
        (quantity(950), "950"),
        (quantity(999_600), "1M"),
        (quantity(109_486_464), "109M"),
        (quantity(0.5), "0.5"),
        (speed(1250.4), "1,250"),
        (speed(4.72), "4.7"),
        (memory(5.12e8), "512 MB"),
        (memory(4.1e9), "4.1 GB"),
        (p_value(0.00002), "<.001"),
        (p_value(0.0421), ".042"),
        (p_value(1.0), "1"),
        (p_value(None), ""),
        (points(0.00294), "+0.29"),
        (points(-0.0000001), "+0.00"),
        (points(-0.0035), "-0.35"),
    ],
)
def test_figures_are_written_for_people(said, expected):
    assert said == expected

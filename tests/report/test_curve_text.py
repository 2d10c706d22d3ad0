"""Learning curves in words and numbers."""

import csv
import io
import json

import pytest
from rich.console import Console

from valence.evaluation.learning_curve import Needed
from valence.evaluation.uncertainty import Interval
from valence.report.curve import Curve, Curves, Point
from valence.report.curve_text import csv_text, markdown, needed, table, to_json


def point(n, value, whole=False, missing=0):
    return Point(n, whole, Interval(value, value - 0.02, value + 0.02), (value,), (0,), missing)


@pytest.fixture
def curves():
    points = (point(16, 0.6, missing=1), point(64, 0.8), point(900, 0.9, True))
    rising = Curve("ris|ing", "m", False, points, Interval(0.7, 0.6, 0.8), (Needed(0.7, 32, 28, 40, 16, 900),))
    level = Curve("asked", "z", True, (point(None, 0.75, True),), Interval(0.75, 0.73, 0.77))
    return Curves("toy", "test", 200, 900, (0.7,), (16, 64), (rising, level), ("Something collapsed.",))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Needed(0.9, 1230.4, 640, 2100, 16, 4096), "1,230 (640 to 2,100)"),
        (Needed(0.9, 1230, 640, None, 16, 4096), "1,230 (640 to > 4,096)"),
        (Needed(0.9, 16, 16, 20, 16, 4096), "≤ 16 (≤ 16 to 20)"),
        (Needed(0.9, None, 3000, None, 16, 4096), "not reached (3,000 to > 4,096)"),
        (Needed(0.9, None, None, None, 16, 4096), "not reached"),
    ],
)
def test_labels_needed_say_what_is_known_and_what_is_not(found, said):
    assert needed(found) == said


def test_the_markdown_holds_sizes_level_lines_areas_and_warnings(curves):
    page = markdown(curves)
    assert "| 16 | 60.00 [58.00, 62.00], 1 of 2 seeds |  |" in page
    assert "| 900 (all) | 90.00 [88.00, 92.00] |  |" in page
    assert "- asked: 75.00 [73.00, 77.00]" in page
    assert "| ris\\|ing | 70.00 [60.00, 80.00] | 32 (28 to 40) |" in page
    assert "| asked | 75.00 [73.00, 77.00] | 0 |" in page
    assert "Something collapsed." in page


def test_the_csv_has_a_row_per_point(curves):
    rows = list(csv.DictReader(io.StringIO(csv_text(curves))))
    assert [(r["curve"], r["n_train"], r["n"], float(r["accuracy"])) for r in rows] == [
        ("ris|ing", "16", "16", 0.6),
        ("ris|ing", "64", "64", 0.8),
        ("ris|ing", "all", "900", 0.9),
        ("asked", "none", "", 0.75),
    ]


def test_json_is_plain(curves):
    back = json.loads(json.dumps(to_json(curves)))
    assert back["curves"][0]["points"][1]["accuracy"]["value"] == 0.8
    assert back["curves"][0]["needed"][0]["high"] == 40


def test_the_terminal_shows_the_same(curves):
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(table(curves))
    said = console.export_text()
    assert "60.00 ±2.00*" in said
    assert "900 (all)" in said
    assert "no labels" in said
    assert "beware: Something collapsed." in said

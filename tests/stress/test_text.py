"""The report in words."""

import io

import pytest
from rich.console import Console

from valence.evaluation.uncertainty import Interval
from valence.stress import Report
from valence.stress.figures import Finding
from valence.stress.text import cells, heading, markdown, table

HALF = Interval(0.5, 0.4, 0.6)


def made(name, expects="same", **changes):
    values = {"before": HALF, "after": HALF, "change": Interval(-0.012, -0.03, 0.006), "p": 0.2, "flipped": HALF, "both": HALF}
    values |= {"broken": HALF, "note": "", "failures": ()}
    return Finding("case", name, expects, 1000, **{**values, **changes})


@pytest.fixture
def report():
    findings = (made("all small letters"), made("a|b", p=0.01, note="Mind this.", failures=("r_1", "r2")))
    return Report("run--x", "imdb", "test", 1000, 25000, 7, findings, (("domain", "none was given"),), ("Beware.",))


def test_a_change_is_starred_where_it_is_significant():
    assert cells(made("x"))[4] == "-1.2 [-3.0, +0.6]"
    assert cells(made("x", p=0.049))[4] == "-1.2 [-3.0, +0.6]*"


def test_the_heading_says_sample_seed_and_level(report):
    assert heading(report) == "a sample of 1,000 of 25,000 texts of imdb test, seed 7; 95 % intervals"


def test_the_markdown_is_whole(report):
    page = markdown(report)
    assert "| all small letters | 1,000 | 50.0 [40.0, 60.0] |" in page
    assert "a\\|b" in page
    assert "Mind this." in page
    assert "broken, a|b: r\\_1; r2" in page
    assert "- domain: none was given" in page
    assert "**Beware.**" in page


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_terminal_never_needs_more_than_its_width(report, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table(report, width))
    said = console.export_text()
    assert max(map(len, said.splitlines())) <= width
    assert "50.0 ±10.0" in said
    assert "…" not in said
    assert "not tried: domain, none was given" in said
    assert ("Both right" in said) == (width == 140)
    assert "all small letters" in said, "a name stays on one line"
